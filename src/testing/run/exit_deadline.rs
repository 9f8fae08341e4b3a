//! The end of a process that something keeps from ending.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use std::{mem, process};

use libtest_async::capture;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use crate::TaskLocals;
use crate::python::asyncio;
use crate::testing::run::test_binary::FAILED;
use crate::testing::session::session::Session;

/// Time limit from the report of the tests to the end of the process: five seconds, with [`TIME_TO_EXIT`].
const PATIENCE: Duration = Duration::from_secs(4);

/// Time limit of the exit handlers of C and Rust, once [`PATIENCE`] is over.
#[cfg(unix)]
const TIME_TO_EXIT: Duration = Duration::from_secs(1);

/// How long a loop may be busy when all tests have ended.
const TIME_TO_ANSWER: Duration = Duration::from_secs(2);

/// Ends the process some time after the report, whatever the tests have left behind: a test that was given up may keep
/// Python's lock, and everything that comes after the report needs that.
///
/// | from | to | by |
/// | --- | --- | --- |
/// | `Unset` | `At` | [`set`](Self::set): the harness's thread (in [`test_harness`](crate::testing::test_harness) the future's) when the tests have ended, or the main thread when Ctrl-C ends them |
/// | `At` | `Suspended` | [`suspend_unless_stuck`](Self::suspend_unless_stuck): the same thread before the tear-down, the main thread before Python's exit functions |
/// | `Suspended` | `At` | [`resume`](Self::resume): whoever suspended it, and a thread of its own when Ctrl-C comes during the tear-down |
/// | any | `Over` | [`end`](Self::end): whoever returns to the program's main function |
///
/// A thread of its own waits for the deadline, and ends the process. Clones are of the same deadline.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deadline(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
    /// The exit code.
    status: AtomicU8,
}

#[derive(Debug, Default)]
enum State {
    /// The tests run.
    #[default]
    Unset,
    /// The process ends then.
    At(Instant),
    /// No limit: tear-down or exit functions are running.
    Suspended,
    /// The process goes on, as its main function likes.
    Over,
}

impl Deadline {
    /// Sets the deadline, and the exit code. The first call counts.
    pub(crate) fn set(&self, status: u8) {
        let mut state = self.lock();
        if !matches!(*state, State::Unset) {
            return;
        }
        *state = State::At(Instant::now() + PATIENCE);
        self.0.status.store(status, Ordering::SeqCst);
        drop(state);
        let deadline = self.clone();
        // Without this thread the process may not end, as it would not without this file.
        let _ = thread::Builder::new()
            .name("test-deadline".to_owned())
            .spawn(move || deadline.wait());
    }

    /// As [`set`](Self::set); the exit code counts also where the deadline is set already.
    pub(crate) fn set_status(&self, status: u8) {
        self.set(status);
        self.0.status.store(status, Ordering::SeqCst);
    }

    /// Ends the deadline with the guard that is returned.
    pub(crate) fn end_on_drop(&self) -> EndOnDrop {
        EndOnDrop(self.clone())
    }

    /// Lets what comes next take its time, if no test that was given up is left, and none keeps Python from others.
    pub(crate) fn suspend_unless_stuck(&self, session: &Session) {
        Python::attach(|_py| {});
        if !session.stop.is_any_running() {
            self.change(State::Suspended);
        }
    }

    /// As [`suspend_unless_stuck`](Self::suspend_unless_stuck), where the loop answers; says whether it does.
    pub(crate) fn suspend_if_loop_answers(&self, session: &Session, locals: &TaskLocals) -> bool {
        let answers = answers(locals);
        if answers {
            self.suspend_unless_stuck(session);
        }
        answers
    }

    /// Sets a deadline that was suspended anew.
    pub(crate) fn resume(&self) {
        if matches!(*self.lock(), State::Suspended) {
            self.change(State::At(Instant::now() + PATIENCE));
        }
    }

    /// Takes the deadline away.
    pub(crate) fn end(&self) {
        self.change(State::Over);
    }

    fn change(&self, next: State) {
        let mut state = self.lock();
        if !matches!(*state, State::Over) {
            *state = next;
        }
        drop(state);
        self.0.changed.notify_all();
    }

    fn wait(&self) {
        let mut state = self.lock();
        loop {
            let changed = &self.0.changed;
            state = match *state {
                State::Over => return,
                State::Unset | State::Suspended => {
                    changed.wait(state).unwrap_or_else(PoisonError::into_inner)
                }
                State::At(time) => {
                    let rest = time.saturating_duration_since(Instant::now());
                    if rest.is_zero() {
                        break;
                    }
                    let waited = changed.wait_timeout(state, rest);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        drop(state);
        end_process(match self.0.status.load(Ordering::SeqCst) {
            // The run does not end as it should.
            0 => FAILED,
            status => status,
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Deadline::end_on_drop`].
pub(crate) struct EndOnDrop(Deadline);

impl EndOnDrop {
    /// Lets the deadline come.
    pub(crate) fn forget(self) {
        mem::forget(self);
    }
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Says whether the loop calls a function in time, or cannot be asked because it is closed.
fn answers(locals: &TaskLocals) -> bool {
    let (answer, has_answered) = mpsc::channel();
    let asked = Python::attach(|py| {
        let call = PyCFunction::new_closure(py, None, None, move |_, _| {
            answer.send(()).unwrap_or_default();
        })?;
        asyncio::call_soon_threadsafe(&locals.event_loop(py), call.as_any())
    });
    asked.is_err() || has_answered.recv_timeout(TIME_TO_ANSWER).is_ok()
}

/// Ends the process while something keeps what the end of a run needs; at once if its exit handlers do not return in time.
pub(crate) fn end_process(status: u8) -> ! {
    let words = "error: a test, the set-up or the tear-down keeps Python, or what else the end of the run needs: the process ends without that\n";
    capture::Context::default().print(words.as_bytes());
    #[cfg(unix)]
    let _ = thread::Builder::new().spawn(move || at_once::exit(status));
    process::exit(status.into())
}

#[cfg(unix)]
mod at_once {
    #![expect(unsafe_code, reason = "std cannot end a process at once")]

    use std::thread;

    pub(crate) fn exit(status: u8) -> ! {
        thread::sleep(super::TIME_TO_EXIT);
        // SAFETY: `_exit` has no preconditions: it may be called on any thread at any time.
        unsafe { libc::_exit(status.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The process of this test would end otherwise.
    #[test]
    fn a_deadline_that_has_ended_does_not_come_back() {
        let deadline = Deadline::default();
        deadline.change(State::Suspended);
        deadline.end();
        deadline.resume();
        deadline.set(1);
        assert!(matches!(*deadline.lock(), State::Over));
    }

    /// As when Ctrl-C comes during the tear-down.
    #[test]
    fn a_later_exit_code_counts() {
        let deadline = Deadline::default();
        deadline.change(State::Suspended);
        deadline.set(1);
        assert_eq!(deadline.0.status.load(Ordering::SeqCst), 0);
        deadline.set_status(2);
        assert_eq!(deadline.0.status.load(Ordering::SeqCst), 2);
        assert!(matches!(*deadline.lock(), State::Suspended));
    }

    #[test]
    fn a_deadline_ends_with_its_guard() {
        let deadline = Deadline::default();
        deadline.change(State::Suspended);
        deadline.end_on_drop().forget();
        assert!(matches!(*deadline.lock(), State::Suspended));
        drop(deadline.end_on_drop());
        assert!(matches!(*deadline.lock(), State::Over));
    }
}
