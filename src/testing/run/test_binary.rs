//! From a list of tests to an exit code.

use std::future;
use std::mem;
use std::path::Path;
use std::pin::pin;
use std::process::{self, ExitCode};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_channel::oneshot;
use libtest_async::__private::{ExitGuard, setup_failed, watch_parent};
use libtest_async::{Arguments, Conclusion, Interrupter, Trial, capture};
use pyo3::exceptions::{PyKeyboardInterrupt, PySystemExit};
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use crate::TaskLocals;
use crate::program::entry;
use crate::python::asyncio;
use crate::testing::interpreter;
use crate::testing::python::current_test;
use crate::testing::python::event_loops;
use crate::testing::python::event_loops::NoLoop;
use crate::testing::python::redirection::Redirected;
use crate::testing::run::args::{Args, parse_args};
use crate::testing::run::driver;
use crate::testing::run::exit_deadline::Deadline;
use crate::testing::run::hooks::{HookContext, Hooks};
use crate::testing::runtimes::test_runtime;
use crate::testing::runtimes::test_runtime::Runtime;
use crate::testing::session::session::Session;
use crate::testing::source_file;
use crate::testing::source_file::Place;
use crate::testing::test::failure;
use crate::testing::test::registration;
use crate::testing::test::test::Test;
use crate::testing::unregistered_tests;

/// The exit code of libtest when tests failed.
pub(crate) const FAILED: u8 = 101;
/// The exit code of a shell's command that Ctrl-C ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// How long the async tests have to be dropped by their runtimes.
pub(crate) const TIME_TO_STOP: Duration = Duration::from_secs(1);

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
/// Returns when no test failed. Otherwise the process ends with 101, as with libtest: after Python's `atexit` functions,
/// with its standard streams flushed.
///
/// # Errors
///
/// `SystemExit(101)` when tests failed, under the attribute `main` only, which ends the process with that status; and
/// those of [`test_harness`].
pub async fn main() -> PyResult<()> {
    let manifest_dir = source_file::runtime_manifest_dir();
    let folder = registration::any_file()
        .zip(manifest_dir.as_deref())
        .and_then(|(file, manifest_dir)| source_file::folder_of(file, manifest_dir));
    if let Some(folder) = folder {
        Python::attach(|py| interpreter::import_from(py, &folder))?;
    }
    test_harness(registration::tests().collect(), parse_args()).await
}

/// Runs tests beside the running loop; returns, or not, as [`main`] does.
///
/// # Errors
///
/// As [`main`], and a `RuntimeError` where no loop runs.
pub async fn test_harness(tests: Vec<Test>, args: Args) -> PyResult<()> {
    let session = Arc::new(Session::default());
    session.check_leaks(args.leak_check);
    let locals =
        Python::attach(|py| current_test::give_context_of_all(py, &TaskLocals::current(py)?))?;
    let redirected = Python::attach(|py| Redirected::new(&locals.event_loop(py)))?;
    session.begin(locals.clone(), Arc::clone(&redirected.streams));
    let trials = trials(tests, &args.harness, &session, None);
    let (run, interrupter) = libtest_async::run_interruptible(&args.harness, trials);
    session.set_interrupter(interrupter.clone());
    let mut run = pin!(run);
    // Dropped before the run.
    let report_on_drop = ReportOnDrop(Some(interrupter));
    let conclusion = run.as_mut().await;
    report_on_drop.forget();
    let deadline = Deadline::default();
    deadline.set(status(&conclusion));
    let _guard = conclusion.has_failed().then(ExitGuard::after_failure);
    // Whoever handles an error, or drops this future, goes on.
    let end_on_drop = deadline.end_on_drop();
    let is_closed = close_elsewhere(&session, &locals, &deadline).await;
    Python::attach(|py| {
        session.end(py);
        redirected.restore(py)
    })?;
    if !session.escapes.print() && is_closed && !conclusion.has_failed() {
        return Ok(());
    }
    deadline.suspend_unless_stuck(&session);
    let failed = fail(&locals).await;
    if is_exit(&failed) {
        end_on_drop.forget();
    }
    failed
}

/// Reports what ran until then if a run is dropped before its end, as Ctrl-C has `run` do with its main future.
struct ReportOnDrop(Option<Interrupter>);

impl ReportOnDrop {
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for ReportOnDrop {
    fn drop(&mut self) {
        if let Some(interrupter) = self.0.take() {
            interrupter.interrupt();
            // Until the end of the process: a `SystemExit` that a test raises on the loop of the main function has a status
            // of its own.
            mem::forget(ExitGuard::after_failure());
        }
    }
}

/// Closes what the tests share, on another thread, because futures that need not be `Send` are polled; says whether that
/// succeeded.
async fn close_elsewhere(session: &Arc<Session>, locals: &TaskLocals, deadline: &Deadline) -> bool {
    let (session, deadline) = (Arc::clone(session), deadline.clone());
    let context = HookContext {
        locals: locals.clone(),
        runtime: test_runtime::default(),
    };
    let (closed, is_closed) = oneshot::channel();
    let thread = thread::Builder::new().spawn(move || {
        // `--fail-fast` ends a run while tests go on.
        session.stop.set(TIME_TO_STOP);
        deadline.suspend_if_loop_answers(&session, &context.locals);
        let succeeded = context.close_shared();
        deadline.resume();
        closed.send(succeeded)
    });
    thread.is_ok() && is_closed.await.unwrap_or_default()
}

/// Says whether the result ends the process, if nobody handles it.
fn is_exit(result: &PyResult<()>) -> bool {
    result
        .as_ref()
        .is_err_and(|error| Python::attach(|py| error.is_instance_of::<PySystemExit>(py)))
}

/// Ends the process as one whose tests failed.
async fn fail(locals: &TaskLocals) -> PyResult<()> {
    if entry::takes_exits() {
        return Err(PySystemExit::new_err(FAILED));
    }
    Python::attach(|py| {
        let exit = PyCFunction::new_closure(py, None, None, |args, _| -> PyResult<()> {
            entry::run_exit_functions(args.py());
            process::exit(FAILED.into())
        })?;
        // On the loop's thread, which is Python's main one as a rule, where `atexit` functions are called.
        asyncio::call_soon_threadsafe(&locals.event_loop(py), exit.as_any())
    })?;
    future::pending().await
}

/// Starts Python for a program whose own main function will call [`main`], or no test at all.
pub(crate) fn initialize() {
    interpreter::initialize(source_file::runtime_manifest_dir().as_deref());
}

/// What [`main!`](crate::testing::main!) expands to: runs the registered tests and returns the exit code.
#[doc(hidden)]
#[must_use]
pub fn run_registered(place: Place, hooks: Hooks) -> ExitCode {
    let _note = unregistered_tests::Note::at_end(&place);
    let manifest_dir = place.manifest_dir();
    let folder = source_file::folder_of(place.file, &manifest_dir);
    let add_modules = hooks.add_modules;
    let start = || {
        add_modules();
        start(&manifest_dir, folder.as_deref())
    };
    ExitCode::from(run(
        registration::tests(),
        None,
        start,
        hooks,
        &Deadline::default(),
    ))
}

/// What every runtime's `test_main` does; returns only when no test failed.
#[cfg(any(
    feature = "async-std-runtime",
    feature = "smol-runtime",
    feature = "tokio-runtime"
))]
pub(crate) fn test_main(file: &str, tests: Vec<Test>, runtime: &'static Runtime) {
    let manifest_dir = source_file::runtime_manifest_dir().unwrap_or_else(|| ".".into());
    let folder = source_file::folder_of(file, &manifest_dir);
    let start = || start(&manifest_dir, folder.as_deref());
    let deadline = Deadline::default();
    match run(tests, Some(runtime), start, Hooks::new(|| {}), &deadline) {
        0 => deadline.end(),
        status => process::exit(status.into()),
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
    tests: impl IntoIterator<Item = Test>,
    runtime: Option<&'static Runtime>,
    start: impl FnOnce() -> PyResult<()>,
    hooks: Hooks,
    deadline: &Deadline,
) -> u8 {
    let arguments = parse_args();
    // Set-up and tear-down may print, and so may what Python calls when it ends.
    arguments.harness.reserve_stdout();
    let session = Arc::new(Session::default());
    session.check_leaks(arguments.leak_check);
    let trials = trials(tests, &arguments.harness, &session, runtime);
    if !arguments.harness.would_run(&trials) {
        return status(&libtest_async::run(&arguments.harness, trials));
    }
    arguments.harness.remove_old_report();
    watch_parent();
    let runtime = runtime.unwrap_or_else(test_runtime::default);
    let status = start().and_then(|()| {
        Python::attach(|py| {
            let event_loop = main_loop(py, &session, arguments.event_loop.as_deref())?;
            let arguments = &arguments.harness;
            driver::run(
                &event_loop,
                &session,
                arguments,
                trials,
                runtime,
                hooks,
                deadline,
            )
        })
    });
    let _guard = (!matches!(status, Ok(0))).then(ExitGuard::after_failure);
    Python::attach(|py| {
        deadline.suspend_unless_stuck(&session);
        entry::run_exit_functions(py);
        deadline.resume();
        exit_code(py, status)
    })
}

/// Makes the loop that was asked for; where it is not installed, the tests are told so and another runs idly.
fn main_loop<'py>(
    py: Python<'py>,
    session: &Session,
    name: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    match event_loops::new(py, name.unwrap_or("asyncio")) {
        Ok(event_loop) => Ok(event_loop),
        Err(NoLoop::Error(error)) => Err(error),
        Err(NoLoop::NotInstalled(name)) => {
            session.go_without(name);
            asyncio::new_event_loop(py)?.call0()
        }
    }
}

fn trials(
    tests: impl IntoIterator<Item = Test>,
    arguments: &Arguments,
    session: &Arc<Session>,
    runtime: Option<&'static Runtime>,
) -> Vec<Trial> {
    let tests = tests.into_iter();
    match arguments.list {
        true => tests.map(Test::into_listed).collect(),
        false => tests
            .map(|test| test.into_trial(session, runtime))
            .collect(),
    }
}

fn exit_code(py: Python<'_>, status: PyResult<u8>) -> u8 {
    match status {
        Ok(status) => status,
        Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => INTERRUPTED,
        Err(error) => {
            // Does nothing after the tests of a worker.
            setup_failed();
            let words = format!("error: {}\n", failure::format_exception(py, &error));
            capture::Context::default().print(words.as_bytes());
            FAILED
        }
    }
}

pub(crate) fn status(conclusion: &Conclusion) -> u8 {
    if conclusion.has_failed() { FAILED } else { 0 }
}
