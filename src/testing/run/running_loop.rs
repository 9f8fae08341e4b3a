//! Runs tests beside an event loop that runs already, for a program with a `main` function of its own.

use std::future;
use std::mem;
use std::pin::pin;
use std::process;
use std::sync::Arc;
use std::thread;

use futures_channel::oneshot;
use libtest_async::__private::ExitGuard;
use libtest_async::Interrupter;
use pyo3::exceptions::PySystemExit;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::args::{Args, parse_args};
use super::exit_code;
use super::exit_code::FAILED;
use super::exit_deadline::ExitDeadline;
use super::hooks::HookContext;
use crate::TaskLocals;
use crate::program::entry;
use crate::python::asyncio;
use crate::testing::interpreter;
use crate::testing::python::current_test;
use crate::testing::python::redirection::Redirection;
use crate::testing::runtimes::test_runtime;
use crate::testing::session::running_tests::DROP_LIMIT;
use crate::testing::session::session::Session;
use crate::testing::source_file;
use crate::testing::test::registration;
use crate::testing::test::test;
use crate::testing::test::test::Test;

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
    let arguments = parse_args();
    let tests = registration::tests(&arguments.harness.filters).collect();
    test_harness(tests, arguments).await
}

/// Runs tests beside the running loop; returns, or not, as [`main`] does.
///
/// # Errors
///
/// As [`main`], and a `RuntimeError` where no loop runs.
pub async fn test_harness(tests: Vec<Test>, args: Args) -> PyResult<()> {
    let session = Arc::new(Session::default());
    session.check_leaks(args.leak_check);
    let locals = Python::attach(|py| current_test::shared_locals(py, &TaskLocals::current(py)?))?;
    let redirection = Python::attach(|py| Redirection::new(&locals.event_loop(py)))?;
    session.begin(locals.clone(), Arc::clone(&redirection.streams));
    let trials = test::trials(tests, &args.harness, &session, None);
    let (run, interrupter) = libtest_async::run_interruptible(&args.harness, trials);
    session.set_interrupter(interrupter.clone());
    let mut run = pin!(run);
    // Declared after the run, so that it is dropped before it.
    let report_on_drop = ReportOnDrop(Some(interrupter));
    let conclusion = run.as_mut().await;
    report_on_drop.forget();
    let deadline = ExitDeadline::default();
    deadline.set(exit_code::of_conclusion(&conclusion));
    let _guard = conclusion.has_failed().then(ExitGuard::after_failure);
    // The program goes on if it handles the error that this function returns, or drops the future.
    let end_on_drop = deadline.end_on_drop();
    let is_closed = close_elsewhere(&session, &locals, &deadline).await;
    Python::attach(|py| {
        session.end(py);
        redirection.restore(py)
    })?;
    if !session.callback_exits.print() && is_closed && !conclusion.has_failed() {
        return Ok(());
    }
    deadline.suspend_unless_stuck(&session.running_tests);
    let failed = fail(&locals).await;
    if is_exit(&failed) {
        end_on_drop.forget();
    }
    failed
}

/// Reports the tests that ran if the run is dropped before its end: after Ctrl-C `run` drops its main future.
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
            // Kept until the end of the process, which must not end with 0: a test's `SystemExit(0)` may have ended the
            // loop of the main function.
            mem::forget(ExitGuard::after_failure());
        }
    }
}

/// Closes the shared values, and says whether that succeeded.
///
/// Their futures need not be `Send`, so a new thread polls them, while this future lets the loop run.
async fn close_elsewhere(
    session: &Arc<Session>,
    locals: &TaskLocals,
    deadline: &ExitDeadline,
) -> bool {
    let (session, deadline) = (Arc::clone(session), deadline.clone());
    let context = HookContext {
        locals: locals.clone(),
        runtime: test_runtime::default(),
    };
    let (closed, is_closed) = oneshot::channel();
    let thread = thread::Builder::new().spawn(move || {
        // `--fail-fast` ends a run while other tests are under way.
        session.running_tests.stop(DROP_LIMIT);
        deadline.suspend_if_loop_answers(&session.running_tests, &context.locals);
        let succeeded = context.close_shared();
        deadline.resume();
        closed.send(succeeded)
    });
    thread.is_ok() && is_closed.await.unwrap_or_default()
}

/// Says whether the result ends the process, unless the program handles it.
fn is_exit(result: &PyResult<()>) -> bool {
    result
        .as_ref()
        .is_err_and(|error| Python::attach(|py| error.is_instance_of::<PySystemExit>(py)))
}

/// Ends the process with the exit code of failed tests. Returns only under the attribute `main`, which takes `SystemExit`.
async fn fail(locals: &TaskLocals) -> PyResult<()> {
    if entry::takes_exits() {
        return Err(PySystemExit::new_err(FAILED));
    }
    Python::attach(|py| {
        let exit = PyCFunction::new_closure(py, None, None, |args, _| -> PyResult<()> {
            entry::run_exit_functions(args.py());
            process::exit(FAILED.into())
        })?;
        // On the loop's thread, which is nearly always Python's main thread, the one that calls `atexit` functions.
        asyncio::call_soon_threadsafe(&locals.event_loop(py), exit.as_any())
    })?;
    future::pending().await
}
