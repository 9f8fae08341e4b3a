//! Runs the harness on a thread of its own while Python's event loop has the main thread.

use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;
use std::{mem, process};

use libtest_async::{Arguments, Conclusion, Interrupter, Trial, capture};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

use super::current_test;
use super::deadline::{self, Deadline};
use super::hooks::{Hook, HookContext, Hooks};
use super::loops::{self, End};
use super::output::Redirected;
use super::run::{FAILED, INTERRUPTED, status};
use super::runtime::Runtime;
use super::session::Session;
use super::sigint::Sigint;
use crate::{TaskLocals, asyncio};

/// How long a loop may be busy when all tests have ended.
const TIME_TO_STOP_THE_LOOP: Duration = Duration::from_secs(2);

/// How long the parent of a worker has to report an interruption, which ends the worker's harness.
const TIME_OF_THE_PARENT: Duration = Duration::from_secs(2);

/// How long the async tests have to be dropped by their runtimes.
const TIME_TO_STOP: Duration = Duration::from_secs(1);

/// Runs the trials to their end beside an event loop on this thread, which has to be the main one, and returns the exit
/// code.
///
/// # Errors
///
/// `KeyboardInterrupt`, after the async tests were dropped, and what else ends a loop from inside.
pub(super) fn run(
    event_loop: &Bound<'_, PyAny>,
    session: &Arc<Session>,
    arguments: &Arguments,
    trials: Vec<Trial>,
    runtime: &'static Runtime,
    hooks: Hooks,
    deadline: &Deadline,
) -> PyResult<u8> {
    let py = event_loop.py();
    asyncio::set_event_loop(py)?.call1((event_loop,))?;
    let redirected = Redirected::new(event_loop)?;
    let locals = current_test::give_context_of_all(py, &TaskLocals::new(event_loop.clone()))?;
    session.begin(locals.clone(), Arc::clone(&redirected.streams));
    let program = Program {
        session: Arc::clone(session),
        context: HookContext { locals, runtime },
        stage: Arc::new(Mutex::new(Stage::SettingUp(hooks))),
        deadline: deadline.clone(),
    };
    let stuck = program.clone();
    let sigint = Sigint::watch(py, move || stuck.end_without_python())?;
    let (end, (stopped, has_stopped)) = (End::default(), mpsc::channel());
    let arguments = arguments.clone();
    let tests = move || libtest_async::run_interruptible(&arguments, trials);
    let (harness, has_ended) = start(event_loop, end.clone(), has_stopped, tests, program.clone());
    let ended = end.run(event_loop, || sigint.has_come(py));
    drop(stopped);
    let status = match ended {
        Ok(()) => Ok(py
            .detach(|| harness.join())
            .expect("the harness does not panic")),
        Err(error) => {
            deadline.set(match error.is_instance_of::<PyKeyboardInterrupt>(py) {
                true => INTERRUPTED,
                false => FAILED,
            });
            program.interrupt(event_loop, &sigint, has_ended);
            Err(error)
        }
    };
    sigint.stop(py)?;
    loops::close(event_loop)?;
    session.end(py);
    redirected.restore(py)?;
    status
}

/// Starts the thread that the harness runs on; it stops the loop at its end, which closes the channel. The channel that
/// is returned closes with the thread.
fn start<F: Future<Output = Conclusion>>(
    event_loop: &Bound<'_, PyAny>,
    end: End,
    has_stopped: Receiver<()>,
    tests: impl FnOnce() -> (F, Interrupter) + Send + 'static,
    program: Program,
) -> (JoinHandle<u8>, Receiver<()>) {
    let event_loop = event_loop.clone().unbind();
    let (running, has_ended) = mpsc::channel();
    let harness = thread::spawn(move || {
        let _running: Sender<()> = running;
        // The panic hook has told of a panic, of a variable that the harness does not understand for example.
        let status = panic::catch_unwind(AssertUnwindSafe(|| program.run(tests))).unwrap_or(FAILED);
        Python::attach(|py| end.stop(event_loop.bind(py)));
        if has_stopped.recv_timeout(TIME_TO_STOP_THE_LOOP) == Err(RecvTimeoutError::Timeout) {
            exit(status);
        }
        status
    });
    (harness, has_ended)
}

/// Ends the process while a test that has timed out keeps the loop's thread.
fn exit(status: u8) -> ! {
    let words = "a test keeps the event loop busy, which is not closed therefore\n";
    capture::Context::default().print(words.as_bytes());
    process::exit(status.into())
}

/// How far a run is.
enum Stage {
    /// With the functions, until they are called.
    SettingUp(Hooks),
    /// With the tear-down that is due.
    Testing(Interrupter, Option<Hook>),
    /// Whoever has entered this stage does what comes after the tests.
    Ending,
}

/// What is done before, during and after the tests, beside the loop.
#[derive(Clone)]
struct Program {
    session: Arc<Session>,
    context: HookContext,
    stage: Arc<Mutex<Stage>>,
    deadline: Deadline,
}

impl Program {
    /// Sets up, awaits the tests and tears down; returns the exit code.
    fn run<F: Future<Output = Conclusion>>(&self, tests: impl FnOnce() -> (F, Interrupter)) -> u8 {
        let status = match self.set_up() {
            // A worker runs what it is asked for from here on.
            Some(teardown) => {
                let (tests, interrupter) = tests();
                self.session.set_interrupter(interrupter.clone());
                *self.stage() = Stage::Testing(interrupter, teardown);
                status(&block_on(tests))
            }
            None => FAILED,
        };
        self.deadline.set(status);
        let locals = &self.context.locals;
        if !self.deadline.suspend_if_loop_answers(&self.session, locals) {
            exit(status);
        }
        let is_torn_down = self.tear_down();
        self.deadline.resume();
        if is_torn_down { status } else { FAILED }
    }

    /// Calls the set-up; if that succeeds, returns the tear-down if there is one.
    fn set_up(&self) -> Option<Option<Hook>> {
        let Stage::SettingUp(hooks) = &mut *self.stage() else {
            return None;
        };
        let (setup, teardown) = (hooks.setup.take(), hooks.teardown.take());
        self.context.call(setup).then_some(teardown)
    }

    /// Closes what the tests share, and calls the tear-down if the set-up has succeeded; says whether that succeeded.
    fn tear_down(&self) -> bool {
        let teardown = match mem::replace(&mut *self.stage(), Stage::Ending) {
            Stage::SettingUp(_) => None,
            Stage::Testing(_, teardown) => teardown,
            Stage::Ending => return true,
        };
        let is_closed = self.context.close_shared();
        self.context.call(teardown) && is_closed
    }

    /// Reports what ran, drops the async tests that are under way, as Ctrl-C does with a program, and tears down, while
    /// the loop goes on.
    fn interrupt(&self, event_loop: &Bound<'_, PyAny>, sigint: &Sigint, has_ended: Receiver<()>) {
        let interrupter = match &*self.stage() {
            Stage::Testing(interrupter, _) => interrupter.clone(),
            Stage::SettingUp(_) | Stage::Ending => return,
        };
        let is_reported = event_loop.py().detach(|| interrupter.interrupt());
        let (program, end) = (self.clone(), End::default());
        let (own, stop) = (event_loop.clone().unbind(), end.clone());
        let ends = thread::Builder::new().spawn(move || {
            if !is_reported {
                // The parent of a worker had the signal as well. If this process ended before the parent it would be
                // for the test that runs here to explain.
                let _ = has_ended.recv_timeout(TIME_OF_THE_PARENT);
            }
            program.session.stop.set(TIME_TO_STOP);
            program.tear_down();
            Python::attach(|py| stop.stop(own.bind(py)));
        });
        if ends.is_ok() {
            // Another Ctrl-C, and a loop that cannot run any more, end this at once. A task that awaits the one which
            // Ctrl-C has interrupted raises the same KeyboardInterrupt once more.
            let _ = end.run(event_loop, || sigint.has_come(event_loop.py()));
        }
    }

    /// Reports what ran, and ends the process: a test keeps Python, and whatever else needs that.
    fn end_without_python(&self) {
        if let Stage::Testing(interrupter, _) = &*self.stage() {
            interrupter.interrupt();
        }
        deadline::end_process(INTERRUPTED);
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Unparks the thread that waits in [`block_on`].
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future on this thread until it is ready.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
