//! Runs tests in a process that the harness owns: `main!` and the runtimes' `test_main`, which start Python themselves.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_async::__private::{ExitGuard, setup_failed, watch_parent};
use libtest_async::capture;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

use super::args::{Args, parse_args};
use super::driver;
use super::exit_code;
use super::exit_code::{FAILED, INTERRUPTED};
use super::exit_deadline::ExitDeadline;
use super::hooks::Hooks;
use crate::program::entry;
use crate::python::asyncio;
use crate::testing::interpreter;
use crate::testing::python::event_loops;
use crate::testing::python::event_loops::LoopUnavailable;
use crate::testing::python::traceback;
use crate::testing::runtimes::test_runtime;
use crate::testing::runtimes::test_runtime::TestRuntime;
use crate::testing::session::session::Session;
use crate::testing::source_file;
use crate::testing::source_file::SourceFile;
use crate::testing::test::registration;
use crate::testing::test::test;
use crate::testing::test::test::Test;
use crate::testing::unregistered_tests::UnregisteredTests;

/// Starts Python for a program with a main function of its own, which may call
/// [`testing::main`](crate::testing::main()).
pub(crate) fn initialize() {
    interpreter::initialize(source_file::runtime_manifest_dir().as_deref());
}

/// Runs the registered tests and returns the exit code: [`main!`](crate::testing::main!) expands to a call of this function.
#[doc(hidden)]
#[must_use]
pub fn run_registered(main_file: SourceFile, hooks: Hooks) -> ExitCode {
    let arguments = parse_args();
    let _report_on_drop = UnregisteredTests::report_on_drop(&main_file, &arguments.harness);
    let manifest_dir = main_file.manifest_dir();
    let folder = source_file::folder_of(main_file.file, &manifest_dir);
    let add_modules = hooks.add_modules;
    let start = || {
        add_modules();
        start(&manifest_dir, folder.as_deref())
    };
    let filters = arguments.harness.filters.clone();
    ExitCode::from(run(
        arguments,
        registration::tests(&filters),
        None,
        start,
        hooks,
        &ExitDeadline::default(),
    ))
}

/// Runs the tests for the `test_main` of a runtime, and returns only if no test failed.
#[cfg(any(
    feature = "async-std-runtime",
    feature = "smol-runtime",
    feature = "tokio-runtime"
))]
pub(crate) fn test_main(file: &str, tests: Vec<Test>, runtime: &'static TestRuntime) {
    let manifest_dir = source_file::runtime_manifest_dir().unwrap_or_else(|| ".".into());
    let folder = source_file::folder_of(file, &manifest_dir);
    let start = || start(&manifest_dir, folder.as_deref());
    let deadline = ExitDeadline::default();
    match run(
        parse_args(),
        tests,
        Some(runtime),
        start,
        Hooks::new(|| {}),
        &deadline,
    ) {
        0 => deadline.end(),
        status => std::process::exit(status.into()),
    }
}

/// Starts Python, whose first folder to import from is the one of the main function.
fn start(manifest_dir: &Path, folder: Option<&Path>) -> PyResult<()> {
    interpreter::initialize(Some(manifest_dir));
    folder.map_or(Ok(()), |folder| {
        Python::attach(|py| interpreter::import_from(py, folder))
    })
}

/// Runs the tests and returns the exit code. Calls `start`, which starts Python, only if a test is to run.
fn run(
    arguments: Args,
    tests: impl IntoIterator<Item = Test>,
    runtime: Option<&'static TestRuntime>,
    start: impl FnOnce() -> PyResult<()>,
    hooks: Hooks,
    deadline: &ExitDeadline,
) -> u8 {
    // Before the set-up, since hooks and Python's exit functions may print: standard output belongs to a machine's format.
    arguments.harness.reserve_stdout();
    let session = Arc::new(Session::default());
    session.check_leaks(arguments.leak_check);
    let trials = test::trials(tests, &arguments.harness, &session, runtime);
    if !arguments.harness.would_run(&trials) {
        return exit_code::of_conclusion(&libtest_async::run(&arguments.harness, trials));
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
        deadline.suspend_unless_stuck(&session.running_tests);
        entry::run_exit_functions(py);
        deadline.resume();
        status_of(py, status)
    })
}

/// Creates the loop that `--loop` names. If it is not installed, the tests that name no loop are skipped, and an asyncio
/// loop takes its place, for tests that name one.
fn main_loop<'py>(
    py: Python<'py>,
    session: &Session,
    name: Option<&str>,
) -> PyResult<Bound<'py, PyAny>> {
    match event_loops::new(py, name.unwrap_or("asyncio")) {
        Ok(event_loop) => Ok(event_loop),
        Err(LoopUnavailable::Error(error)) => Err(error),
        Err(LoopUnavailable::NotInstalled(name)) => {
            session.skip_without_loop(name);
            asyncio::new_event_loop(py)?.call0()
        }
    }
}

/// Returns the exit code of a run, and prints the error that ended it, unless that is Ctrl-C.
fn status_of(py: Python<'_>, status: PyResult<u8>) -> u8 {
    match status {
        Ok(status) => status,
        Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => INTERRUPTED,
        Err(error) => {
            // Tells the parent process of a worker, unless the worker has run tests already.
            setup_failed();
            let text = format!("error: {}\n", traceback::format_exception(py, &error));
            capture::Context::default().print(text.as_bytes());
            FAILED
        }
    }
}
