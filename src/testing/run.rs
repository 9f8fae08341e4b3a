//! From a list of tests to an exit code.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_async::{Conclusion, Trial, capture};
use pyo3::exceptions::{PyKeyboardInterrupt, PySystemExit};
use pyo3::prelude::*;

use super::args::{Args, parse_args};
use super::hooks::Hooks;
use super::loops::{self, NoLoop};
use super::output::Redirected;
use super::place::{self, Place};
use super::runtime::Runtime;
use super::session::Session;
use super::test::Test;
use super::{driver, failure, interpreter, lost_tests, registry};
use crate::{TaskLocals, asyncio};

/// The exit code of libtest when tests failed.
const FAILED: u8 = 101;
/// The exit code of a shell's command that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Runs the tests that the attributes have registered, with the arguments of the process, beside the running loop.
///
/// For a `main` function of one's own; [`main!`](crate::testing::main!) needs none, and starts Python only when a test
/// is to run:
///
/// ```no_run
/// # #[cfg(feature = "tokio-runtime")]
/// #[pyo3_aio::tokio::main]
/// async fn main() -> pyo3::PyResult<()> {
///     pyo3_aio::testing::main().await
/// }
/// # #[cfg(not(feature = "tokio-runtime"))]
/// # fn main() {}
/// ```
///
/// # Errors
///
/// `SystemExit(101)` when tests failed, which becomes the exit status of the process.
pub async fn main() -> PyResult<()> {
    let manifest_dir = place::runtime_manifest_dir();
    let folder = registry::any_file()
        .zip(manifest_dir.as_deref())
        .and_then(|(file, manifest_dir)| place::folder_of(file, manifest_dir));
    if let Some(folder) = folder {
        Python::attach(|py| interpreter::import_from(py, &folder))?;
    }
    test_harness(registry::tests(), parse_args()).await
}

/// Runs tests beside the running loop.
///
/// # Errors
///
/// `SystemExit(101)` when tests failed, and a `RuntimeError` where no loop runs.
pub async fn test_harness(tests: Vec<Test>, args: Args) -> PyResult<()> {
    let session = Arc::new(Session::default());
    session.check_leaks(args.leak_check);
    let locals = Python::attach(TaskLocals::current)?;
    let redirected = Python::attach(|py| Redirected::new(&locals.event_loop(py)))?;
    session.begin(locals, Arc::clone(&redirected.streams));
    let trials = trials(tests, &session, None);
    let (run, interrupter) = libtest_async::run_interruptible(&args.harness, trials);
    session.set_interrupter(interrupter);
    let conclusion = run.await;
    Python::attach(|py| {
        session.end(py);
        redirected.restore(py)
    })?;
    if conclusion.has_failed() {
        return Err(PySystemExit::new_err(FAILED));
    }
    Ok(())
}

/// Starts Python for a program whose own main function will call [`main`], or no test at all.
pub(crate) fn initialize() {
    interpreter::initialize(place::runtime_manifest_dir().as_deref());
}

/// What [`main!`](crate::testing::main!) expands to: runs the registered tests and returns the exit code.
#[doc(hidden)]
#[must_use]
pub fn run_registered(place: Place, hooks: Hooks) -> ExitCode {
    let _note = lost_tests::Note::at_end(&place);
    let manifest_dir = place.manifest_dir();
    let folder = place::folder_of(place.file, &manifest_dir);
    let start = || {
        (hooks.add_modules)();
        start(&manifest_dir, folder.as_deref())?;
        Python::attach(hooks.setup)
    };
    ExitCode::from(run(registry::tests(), None, start, hooks.teardown))
}

/// What every runtime's `test_main` does; returns only when no test failed.
#[cfg(any(
    feature = "async-std-runtime",
    feature = "smol-runtime",
    feature = "tokio-runtime"
))]
pub(super) fn test_main(file: &str, tests: Vec<Test>, runtime: &'static Runtime) {
    let manifest_dir = place::runtime_manifest_dir().unwrap_or_else(|| ".".into());
    let folder = place::folder_of(file, &manifest_dir);
    let start = || start(&manifest_dir, folder.as_deref());
    match run(tests, Some(runtime), start, |_py| Ok(())) {
        0 => {}
        status => std::process::exit(status.into()),
    }
}

fn start(manifest_dir: &Path, folder: Option<&Path>) -> PyResult<()> {
    interpreter::initialize(Some(manifest_dir));
    folder.map_or(Ok(()), |folder| {
        Python::attach(|py| interpreter::import_from(py, folder))
    })
}

/// Runs the tests; Python is started by `start`, and only when a test is to run.
fn run(
    tests: Vec<Test>,
    runtime: Option<&'static Runtime>,
    start: impl FnOnce() -> PyResult<()>,
    teardown: impl FnOnce(Python<'_>) -> PyResult<()>,
) -> u8 {
    let arguments = parse_args();
    // Set-up and tear-down may print, and so may what Python calls when it ends.
    arguments.harness.reserve_stdout();
    let session = Arc::new(Session::default());
    session.check_leaks(arguments.leak_check);
    let trials = trials(tests, &session, runtime);
    if !arguments.harness.would_run(&trials) {
        return status(&libtest_async::run(&arguments.harness, trials));
    }
    let conclusion = start().and_then(|()| {
        Python::attach(|py| {
            let event_loop = main_loop(py, &session, arguments.event_loop.as_deref())?;
            let run = driver::run(&event_loop, &session, &arguments.harness, trials);
            teardown(py).and(run)
        })
    });
    Python::attach(|py| {
        crate::entry::run_exit_functions(py);
        exit_code(py, conclusion)
    })
}

/// Makes the loop that was asked for; where it is not installed, the tests are told so and another runs idly.
fn main_loop<'py>(
    py: Python<'py>,
    session: &Session,
    name: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    match loops::new(py, name.unwrap_or("asyncio")) {
        Ok(event_loop) => Ok(event_loop),
        Err(NoLoop::Error(error)) => Err(error),
        Err(NoLoop::NotInstalled(name)) => {
            session.go_without(name);
            asyncio::new_event_loop(py)?.call0()
        }
    }
}

fn trials(
    tests: Vec<Test>,
    session: &Arc<Session>,
    runtime: Option<&'static Runtime>,
) -> Vec<Trial> {
    tests
        .into_iter()
        .map(|test| test.into_trial(session, runtime))
        .collect()
}

fn exit_code(py: Python<'_>, conclusion: PyResult<Conclusion>) -> u8 {
    match conclusion {
        Ok(conclusion) => status(&conclusion),
        Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => INTERRUPTED,
        Err(error) => {
            let words = format!("error: {}\n", failure::format_exception(py, &error));
            capture::Context::default().print(words.as_bytes());
            FAILED
        }
    }
}

pub(super) fn status(conclusion: &Conclusion) -> u8 {
    if conclusion.has_failed() { FAILED } else { 0 }
}
