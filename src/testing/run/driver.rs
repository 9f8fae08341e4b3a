//! Runs the harness on a thread of its own while Python's event loop has the main thread.

use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;
use std::{mem, process};

use libtest_async::__private::{ExitGuard, is_worker, setup_failed};
use libtest_async::{Arguments, Conclusion, Interrupter, Trial, capture};
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;

use crate::TaskLocals;
use crate::python::asyncio;
use crate::testing::python::current_test;
use crate::testing::python::event_loops;
use crate::testing::python::event_loops::End;
use crate::testing::python::redirection::Redirected;
use crate::testing::run::exit_deadline;
use crate::testing::run::exit_deadline::Deadline;
use crate::testing::run::hooks::{Hook, HookContext, Hooks};
use crate::testing::run::sigint::Sigint;
use crate::testing::run::test_binary::{FAILED, INTERRUPTED, TIME_TO_STOP, status};
use crate::testing::runtimes::test_runtime::Runtime;
use crate::testing::session::session::Session;
use crate::testing::session::shared;

/// How long a loop may be busy when all tests have ended.
const TIME_TO_STOP_THE_LOOP: Duration = Duration::from_secs(2);

/// How long the parent of a worker has to report an interruption, which ends the worker's harness.
const TIME_OF_THE_PARENT: Duration = Duration::from_secs(2);

/// Runs the trials to their end beside an event loop on this thread, which has to be the main one, and returns the exit
/// code.
///
/// # Errors
///
/// `KeyboardInterrupt`, after the async tests were dropped, and what else ends a loop from inside.
pub(crate) fn run(
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
        stage: Arc::new(Mutex::new(Stage::SettingUp)),
        has_failed_to_end: Arc::default(),
        deadline: deadline.clone(),
    };
    let stuck = program.clone();
    let sigint = Sigint::watch(py, move || stuck.end_without_python())?;
    let (end, (stopped, has_stopped)) = (End::new(&session.escapes), mpsc::channel());
    let arguments = arguments.clone();
    let tests = move || libtest_async::run_interruptible(&arguments, trials);
    let own = program.clone();
    let work = move || own.run(hooks, tests);
    let (harness, has_ended) = start(event_loop, end.clone(), has_stopped, work);
    let ended = end.run(event_loop, || sigint.has_come(py));
    drop(stopped);
    let status = match ended {
        Ok(()) => Ok(py
            .detach(|| harness.join())
            .expect("the harness does not panic")),
        Err(error) => {
            let is_interrupted = error.is_instance_of::<PyKeyboardInterrupt>(py);
            if is_interrupted {
                session.escapes.ignore_interrupts();
            }
            deadline.set_status(match is_interrupted {
                true => status_if_cut_off(),
                false => FAILED,
            });
            program.interrupt(event_loop, &sigint, has_ended);
            // The status of another process that Ctrl-C ends says so, whatever its tear-down did.
            match is_worker() && program.has_failed_to_end.load(Ordering::SeqCst) {
                true => Ok(FAILED),
                false => Err(error),
            }
        }
    };
    let (stopped, closed) = (sigint.stop(py), event_loops::close(event_loop));
    session.end(py);
    let restored = redirected.restore(py);
    let has_escapes = session.escapes.print();
    let status = status?;
    let ended = stopped.and(closed).and(restored);
    ended.map(|()| if has_escapes { FAILED } else { status })
}

/// Returns the exit code of a process that Ctrl-C ends before it has torn down: the parent of a worker is to report that.
fn status_if_cut_off() -> u8 {
    if is_worker() { FAILED } else { INTERRUPTED }
}

/// Starts the thread that the harness runs on; it stops the loop at its end, unless another thread does, which closes
/// the channel. The channel that is returned closes with the thread.
fn start(
    event_loop: &Bound<'_, PyAny>,
    end: End,
    has_stopped: Receiver<()>,
    work: impl FnOnce() -> Option<u8> + Send + 'static,
) -> (JoinHandle<u8>, Receiver<()>) {
    let event_loop = event_loop.clone().unbind();
    let (running, has_ended) = mpsc::channel();
    let harness = thread::spawn(move || {
        let _running: Sender<()> = running;
        // The panic hook has printed a panic, which must not leave the loop running.
        let ended = panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Some(FAILED));
        let Some(status) = ended else {
            return INTERRUPTED;
        };
        Python::attach(|py| end.stop(event_loop.bind(py)));
        if has_stopped.recv_timeout(TIME_TO_STOP_THE_LOOP) == Err(RecvTimeoutError::Timeout) {
            exit(status, "which is not closed therefore");
        }
        status
    });
    (harness, has_ended)
}

/// Ends the process while a test keeps the loop's thread.
fn exit(status: u8, consequence: &str) -> ! {
    let words = format!("a test keeps the event loop busy, {consequence}\n");
    capture::Context::default().print(words.as_bytes());
    process::exit(status.into())
}

/// How far a run is.
///
/// | from | to | by |
/// | --- | --- | --- |
/// | `SettingUp` | `Testing` | the harness's thread, when the set-up has succeeded |
/// | `SettingUp` | `Interrupted` | the main thread, when Ctrl-C comes |
/// | any but `Ending` | `Ending` | the harness's thread after the tests or a failed set-up; after Ctrl-C the thread that [`Program::interrupt`] starts |
///
/// Nothing of the user's is called, and nothing is reported, while the stage is locked.
enum Stage {
    /// The harness's thread calls the set-up.
    SettingUp,
    /// Ctrl-C came during the set-up: no test starts, and no tear-down is due.
    Interrupted,
    /// Tests run. With the tear-down that is due.
    Testing(Interrupter, Option<Hook>),
    /// The thread that entered this stage closes what the tests share, and tears down.
    Ending,
}

/// What is done before, during and after the tests, beside the loop.
#[derive(Clone)]
struct Program {
    session: Arc<Session>,
    context: HookContext,
    stage: Arc<Mutex<Stage>>,
    deadline: Deadline,
    /// Closing or the tear-down has failed, or was cut off.
    has_failed_to_end: Arc<AtomicBool>,
}

impl Program {
    /// Sets up, awaits the tests and tears down, on the harness's thread; returns the exit code, or `None` where another
    /// thread ends the run because of Ctrl-C.
    fn run<F: Future<Output = Conclusion>>(
        &self,
        hooks: Hooks,
        tests: impl FnOnce() -> (F, Interrupter),
    ) -> Option<u8> {
        let status = match self.set_up(hooks.setup) {
            true => self.test(hooks.teardown, tests)?,
            false => {
                setup_failed();
                FAILED
            }
        };
        self.deadline.set(status);
        let _guard = (status != 0).then(ExitGuard::after_failure);
        // `--fail-fast` ends a run while tests go on.
        self.session.stop.set(TIME_TO_STOP);
        let locals = &self.context.locals;
        if !self.deadline.suspend_if_loop_answers(&self.session, locals) {
            self.exit_without_tear_down(status);
        }
        let is_torn_down = self.tear_down();
        self.deadline.resume();
        is_torn_down.map(|is_torn_down| if is_torn_down { status } else { FAILED })
    }

    /// Calls the set-up, and says whether it succeeded. Ctrl-C drops its future; then this does not return.
    fn set_up(&self, setup: Option<Hook>) -> bool {
        let stop = Arc::clone(&self.session.stop);
        let stoppable = setup.map(|setup| -> Hook {
            Box::new(|| Box::pin(async move { stop.enter().stoppable(setup()).await }))
        });
        self.context.call(stoppable)
    }

    /// Awaits the tests, unless Ctrl-C came during the set-up.
    fn test<F: Future<Output = Conclusion>>(
        &self,
        teardown: Option<Hook>,
        tests: impl FnOnce() -> (F, Interrupter),
    ) -> Option<u8> {
        // A worker runs what it is asked for from here on. The panic hook has printed a panic (a malformed
        // RUST_TEST_THREADS, for example).
        let (tests, interrupter) = match panic::catch_unwind(AssertUnwindSafe(tests)) {
            Ok((tests, interrupter)) => (Some(tests), interrupter),
            Err(_) => (None, Interrupter::default()),
        };
        self.session.set_interrupter(interrupter.clone());
        let is_testing = self.enter_testing(interrupter, teardown);
        is_testing.then(|| tests.map_or(FAILED, |tests| status(&block_on(tests))))
    }

    fn enter_testing(&self, interrupter: Interrupter, teardown: Option<Hook>) -> bool {
        let mut stage = self.stage();
        let is_set_up = matches!(*stage, Stage::SettingUp);
        if is_set_up {
            *stage = Stage::Testing(interrupter, teardown);
        }
        is_set_up
    }

    /// Enters the last stage, and returns the tear-down if it is due; `None` where another thread has entered it.
    fn enter_ending(&self) -> Option<Option<Hook>> {
        let former = mem::replace(&mut *self.stage(), Stage::Ending);
        match former {
            Stage::SettingUp | Stage::Interrupted => Some(None),
            Stage::Testing(_, teardown) => Some(teardown),
            Stage::Ending => None,
        }
    }

    /// Closes what the tests share, and calls the tear-down if the set-up has succeeded; says whether that succeeded, or
    /// `None` where another thread does it.
    fn tear_down(&self) -> Option<bool> {
        let teardown = self.enter_ending()?;
        let is_closed = self.context.close_shared();
        let is_torn_down = self.context.call(teardown);
        // The tear-down may have asked for values too.
        let has_ended = self.context.close_shared() && is_torn_down && is_closed;
        if !has_ended {
            self.has_failed_to_end.store(true, Ordering::SeqCst);
        }
        Some(has_ended)
    }

    /// Ends the process while a test keeps the loop, which the tear-down may need. A run that owes a tear-down has failed.
    fn exit_without_tear_down(&self, status: u8) -> ! {
        let is_teardown_due = self.enter_ending().flatten().is_some();
        if is_teardown_due || shared::is_any_asked_for() {
            exit(
                FAILED,
                "so the values of `Shared` are not closed, there is no tear-down, and the run has failed",
            );
        }
        exit(status, "which is not closed therefore")
    }

    /// Reports what ran, drops the async tests that are under way, or the set-up, as Ctrl-C does with a program, and tears
    /// down, while the loop goes on.
    fn interrupt(&self, event_loop: &Bound<'_, PyAny>, sigint: &Sigint, has_ended: Receiver<()>) {
        let interrupter = self.interrupter();
        let detached = || interrupter.is_none_or(|interrupter| interrupter.interrupt());
        let is_reported = event_loop.py().detach(detached);
        let (program, end) = (self.clone(), End::new(&self.session.escapes));
        let (own, stop) = (event_loop.clone().unbind(), end.clone());
        let ends = thread::Builder::new().spawn(move || {
            if !is_reported {
                // The parent of a worker had the signal as well. If this process ended before the parent it would be
                // for the test that runs here to explain.
                let _ = has_ended.recv_timeout(TIME_OF_THE_PARENT);
            }
            program.end_interrupted(&has_ended);
            Python::attach(|py| stop.stop(own.bind(py)));
        });
        if ends.is_err() {
            return;
        }
        // Another Ctrl-C, and a loop that cannot run any more, end this at once. A task that awaits the one which
        // Ctrl-C has interrupted raises the same KeyboardInterrupt once more.
        if let Err(error) = end.run(event_loop, || sigint.has_come(event_loop.py())) {
            self.has_failed_to_end.store(true, Ordering::SeqCst);
            let words = format!("error: the end of the run was cut off: {error}\n");
            capture::Context::default().print(words.as_bytes());
        }
    }

    /// Returns what reports the tests that run, if they do, and keeps tests from starting if they do not.
    fn interrupter(&self) -> Option<Interrupter> {
        let mut stage = self.stage();
        match &*stage {
            Stage::Testing(interrupter, _) => return Some(interrupter.clone()),
            Stage::SettingUp => *stage = Stage::Interrupted,
            Stage::Interrupted | Stage::Ending => {}
        }
        None
    }

    /// Tears down after Ctrl-C, or waits for the harness's thread where that does so already, until the deadline.
    fn end_interrupted(&self, has_ended: &Receiver<()>) {
        let _guard = ExitGuard::after_failure();
        self.session.stop.set(TIME_TO_STOP);
        if self.tear_down().is_none() {
            self.deadline.resume();
            let _ = has_ended.recv();
        }
    }

    /// Reports what ran, and ends the process: a test or a hook keeps Python, and whatever else needs that.
    fn end_without_python(&self) {
        if let Some(interrupter) = self.interrupter() {
            interrupter.interrupt();
        }
        exit_deadline::end_process(status_if_cut_off());
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
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
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
