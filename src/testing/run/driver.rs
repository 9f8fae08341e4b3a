//! Runs the harness on a thread of its own while Python's event loop has the main thread.
//!
//! | state | event | actor and thread | next state |
//! | --- | --- | --- | --- |
//! | running | the phases have ended | harness's thread stops the loop | closing |
//! | running | Ctrl-C, or an exception that ends the loop | main thread, whose `run_forever` raised it | interrupted |
//! | running | the phases have ended, and the loop does not stop within [`LOOP_STOP_LIMIT`] | harness's thread ends the process | |
//! | interrupted | the tear-down has ended | the thread `ending` stops the loop, which the main thread has run meanwhile | closing |
//! | interrupted | Ctrl-C again | main thread, whose `run_forever` raised it | closing: the tear-down is cut off |
//! | any | Ctrl-C that Python cannot act on | the thread of [`Sigint`] ends the process | |
//! | closing | | main thread closes the loops and restores the streams | ended |
//!
//! [`RunPhases`] has the phases of the harness's thread, and [`ExitDeadline`] the time limit of everything after the report.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use libtest_async::__private::is_worker;
use libtest_async::{Arguments, Trial, capture};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

use super::exit_code::{FAILED, INTERRUPTED};
use super::exit_deadline::ExitDeadline;
use super::hooks::{HookContext, Hooks};
use super::phases;
use super::phases::RunPhases;
use super::sigint::Sigint;
use crate::TaskLocals;
use crate::python::asyncio;
use crate::testing::python::current_test;
use crate::testing::python::loop_runner;
use crate::testing::python::loop_runner::LoopRunner;
use crate::testing::python::redirection::Redirection;
use crate::testing::runtimes::test_runtime::TestRuntime;
use crate::testing::session::session::Session;

/// Time limit of the loop to stop once all tests have ended: a callback may block it.
const LOOP_STOP_LIMIT: Duration = Duration::from_secs(2);

/// Time limit of a worker's parent process to report an interruption, which ends the worker's harness.
const PARENT_LIMIT: Duration = Duration::from_secs(2);

/// Runs the trials beside an event loop on this thread, which has to be the main one, and returns the exit code.
///
/// # Errors
///
/// `KeyboardInterrupt` of Ctrl-C, after the async tests were dropped, and the exception of a loop that cannot run any more.
pub(crate) fn run(
    event_loop: &Bound<'_, PyAny>,
    session: &Arc<Session>,
    arguments: &Arguments,
    trials: Vec<Trial>,
    runtime: &'static TestRuntime,
    hooks: Hooks,
    deadline: &ExitDeadline,
) -> PyResult<u8> {
    let py = event_loop.py();
    asyncio::set_event_loop(py)?.call1((event_loop,))?;
    let redirection = Redirection::new(event_loop)?;
    let locals = current_test::shared_locals(py, &TaskLocals::new(event_loop.clone()))?;
    session.begin(locals.clone(), Arc::clone(&redirection.streams));
    let phases = RunPhases::new(session, HookContext { locals, runtime }, deadline);
    let without_python = phases.clone();
    let sigint = Sigint::watch(py, move || without_python.end_without_python())?;
    let runner = LoopRunner::new(&session.callback_exits);
    let (stopped, has_stopped) = mpsc::channel();
    let arguments = arguments.clone();
    let tests = move || libtest_async::run_interruptible(&arguments, trials);
    let own = phases.clone();
    let work = move || own.run(hooks, tests);
    let (harness, has_ended) = start(event_loop, runner.clone(), has_stopped, work);
    let ended = runner.run(event_loop, || sigint.has_come(py));
    drop(stopped);
    let status = match ended {
        Ok(()) => Ok(py
            .detach(|| harness.join())
            .expect("`start` catches the panics of that thread")),
        Err(error) => {
            let is_interrupted = error.is_instance_of::<PyKeyboardInterrupt>(py);
            if is_interrupted {
                session.callback_exits.ignore_interrupts();
            }
            deadline.set_status(match is_interrupted {
                true => phases::interrupted_status(),
                false => FAILED,
            });
            interrupt(&phases, event_loop, &sigint, has_ended);
            // A program that Ctrl-C ends exits with 130, whether or not its tear-down failed. A worker's exit code is how
            // its parent process learns of a failed tear-down.
            match is_worker() && phases.has_teardown_failed() {
                true => Ok(FAILED),
                false => Err(error),
            }
        }
    };
    let (stopped, closed) = (sigint.stop(py), loop_runner::close(event_loop));
    session.end(py);
    let restored = redirection.restore(py);
    let has_exits = session.callback_exits.print();
    let status = status?;
    let ended = stopped.and(closed).and(restored);
    ended.map(|()| if has_exits { FAILED } else { status })
}

/// Starts the harness's thread, which calls `work` and stops the loop afterwards, unless another thread does.
///
/// The main thread closes `has_stopped` once the loop has stopped. The receiver that is returned closes with the thread.
fn start(
    event_loop: &Bound<'_, PyAny>,
    runner: LoopRunner,
    has_stopped: Receiver<()>,
    work: impl FnOnce() -> Option<u8> + Send + 'static,
) -> (JoinHandle<u8>, Receiver<()>) {
    let event_loop = event_loop.clone().unbind();
    let (running, has_ended) = mpsc::channel();
    let harness = thread::spawn(move || {
        let _running: Sender<()> = running;
        // The panic hook has printed a panic, after which the loop has to stop all the same.
        let ended = panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Some(FAILED));
        let Some(status) = ended else {
            return INTERRUPTED;
        };
        Python::attach(|py| runner.stop(event_loop.bind(py)));
        if has_stopped.recv_timeout(LOOP_STOP_LIMIT) == Err(RecvTimeoutError::Timeout) {
            phases::exit_with_busy_loop(status, "which is not closed therefore");
        }
        status
    });
    (harness, has_ended)
}

/// Ends the run after Ctrl-C, on the main thread: reports, then runs the loop while the thread `ending` drops the async
/// tests, or the set-up, and tears down.
fn interrupt(
    phases: &RunPhases,
    event_loop: &Bound<'_, PyAny>,
    sigint: &Sigint,
    has_ended: Receiver<()>,
) {
    let py = event_loop.py();
    let interrupter = phases.interrupter();
    let is_reported = py.detach(|| interrupter.is_none_or(|interrupter| interrupter.interrupt()));
    let runner = LoopRunner::new(&phases.session.callback_exits);
    let (own, own_loop, own_runner) = (phases.clone(), event_loop.clone().unbind(), runner.clone());
    let ending = thread::Builder::new().spawn(move || {
        if !is_reported {
            // This is a worker of `--isolate`, and its parent process has received the signal too. If the worker ended
            // before the parent had reported, the report would blame the test that runs here for the worker's end.
            let _ = has_ended.recv_timeout(PARENT_LIMIT);
        }
        own.end_interrupted(&has_ended);
        Python::attach(|py| own_runner.stop(own_loop.bind(py)));
    });
    if ending.is_err() {
        return;
    }
    // Another Ctrl-C, or a loop that cannot run any more, cuts the tear-down off. A task that awaits the task which Ctrl-C
    // has interrupted raises the same KeyboardInterrupt once more, which `Sigint` tells from another Ctrl-C.
    if let Err(error) = runner.run(event_loop, || sigint.has_come(py)) {
        phases.set_teardown_failed();
        let text = format!("error: the end of the run was cut off: {error}\n");
        capture::Context::default().print(text.as_bytes());
    }
}
