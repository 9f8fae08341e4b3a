//! The time limit from the report of the tests to the end of the process.
//!
//! Everything after the report needs Python's lock (tear-down, exit functions, closing the loops), and a test that was given
//! up may hold that lock for good: a `#[pyfunction]` that blocks without detaching, or a deadlock between the lock and a
//! mutex. Such a test is reported as timed out, and the process must end soon after that, as libtest's does, which does not
//! wait for threads. A thread of its own waits for the deadline and ends the process.
//!
//! | state | event | actor and thread | next state |
//! | --- | --- | --- | --- |
//! | `Unset` | [`set`](ExitDeadline::set): the tests have ended | harness's thread; in [`test_harness`](crate::testing::test_harness) the thread that polls its future | `At` |
//! | `Unset` | [`set_status`](ExitDeadline::set_status): Ctrl-C | main thread | `At` |
//! | `At` | [`suspend_unless_stuck`](ExitDeadline::suspend_unless_stuck) before the tear-down | harness's thread; in `test_harness` the thread that closes the shared values | `Suspended` |
//! | `At` | `suspend_unless_stuck` before Python's exit functions | main thread; in `test_harness` the thread that polls its future | `Suspended` |
//! | `Suspended` | [`resume`](ExitDeadline::resume): the tear-down or the exit functions have returned | the thread that suspended it | `At` |
//! | `Suspended` | [`resume`](ExitDeadline::resume): Ctrl-C during the tear-down | the thread that ends an interrupted run | `At` |
//! | `At` | the time is over | the deadline's thread ends the process | |
//! | any | [`end`](ExitDeadline::end): the program's own main function goes on | main thread, or the thread that drops [`EndOnDrop`] | `Over` |

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use std::{mem, process};

use libtest_async::capture;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::exit_code::FAILED;
use crate::TaskLocals;
use crate::python::asyncio;
use crate::testing::session::running_tests::RunningTests;

/// Time limit from the report of the tests to the end of the process: five seconds, with [`EXIT_HANDLERS_LIMIT`].
const REPORT_TO_EXIT_LIMIT: Duration = Duration::from_secs(4);

/// Time limit of the exit handlers of C and Rust, once [`REPORT_TO_EXIT_LIMIT`] is over.
#[cfg(unix)]
const EXIT_HANDLERS_LIMIT: Duration = Duration::from_secs(1);

/// Time limit of a loop to call a function when all tests have ended: a callback may block it.
const LOOP_ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// Ends the process when the time since the report is over. Clones are of the same deadline.
#[derive(Debug, Clone, Default)]
pub(crate) struct ExitDeadline(Arc<DeadlineState>);

#[derive(Debug, Default)]
struct DeadlineState {
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
    /// The process ends at this time.
    At(Instant),
    /// There is no limit: the tear-down or Python's exit functions run.
    Suspended,
    /// The process goes on: its end is up to the program's main function.
    Over,
}

impl ExitDeadline {
    /// Starts the deadline, and sets the exit code. Later calls do nothing.
    pub(crate) fn set(&self, status: u8) {
        let mut state = self.lock();
        if !matches!(*state, State::Unset) {
            return;
        }
        *state = State::At(Instant::now() + REPORT_TO_EXIT_LIMIT);
        self.0.status.store(status, Ordering::SeqCst);
        drop(state);
        let deadline = self.clone();
        // Without the thread there is no limit, which harms only a run with a stuck test.
        let _ = thread::Builder::new()
            .name("test-deadline".to_owned())
            .spawn(move || deadline.wait());
    }

    /// As [`set`](Self::set), but sets the exit code of a deadline that has been started already, too.
    pub(crate) fn set_status(&self, status: u8) {
        self.set(status);
        self.0.status.store(status, Ordering::SeqCst);
    }

    /// Returns a guard that ends the deadline when it is dropped.
    pub(crate) fn end_on_drop(&self) -> EndOnDrop {
        EndOnDrop(self.clone())
    }

    /// Suspends the deadline, unless a test that was given up still runs.
    ///
    /// Attaches to Python first, so that the deadline also stands if anything holds Python's lock.
    pub(crate) fn suspend_unless_stuck(&self, running_tests: &RunningTests) {
        Python::attach(|_py| {});
        if !running_tests.is_any() {
            self.change(State::Suspended);
        }
    }

    /// As [`suspend_unless_stuck`](Self::suspend_unless_stuck), if the loop answers in time; says whether it does.
    pub(crate) fn suspend_if_loop_answers(
        &self,
        running_tests: &RunningTests,
        locals: &TaskLocals,
    ) -> bool {
        let answers = answers(locals);
        if answers {
            self.suspend_unless_stuck(running_tests);
        }
        answers
    }

    /// Starts a suspended deadline again, with the whole time limit.
    pub(crate) fn resume(&self) {
        if matches!(*self.lock(), State::Suspended) {
            self.change(State::At(Instant::now() + REPORT_TO_EXIT_LIMIT));
        }
    }

    /// Cancels the deadline for good.
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
            // The tests have passed, but the run cannot end as it should.
            0 => FAILED,
            status => status,
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`ExitDeadline::end_on_drop`].
pub(crate) struct EndOnDrop(ExitDeadline);

impl EndOnDrop {
    /// Drops the guard and lets the deadline stand.
    pub(crate) fn forget(self) {
        mem::forget(self);
    }
}

impl Drop for EndOnDrop {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// Says whether the loop calls a function in time. A loop that is closed counts as one that does.
fn answers(locals: &TaskLocals) -> bool {
    let (answer, has_answered) = mpsc::channel();
    let asked = Python::attach(|py| {
        let call = PyCFunction::new_closure(py, None, None, move |_, _| {
            answer.send(()).unwrap_or_default();
        })?;
        asyncio::call_soon_threadsafe(&locals.event_loop(py), call.as_any())
    });
    asked.is_err() || has_answered.recv_timeout(LOOP_ANSWER_LIMIT).is_ok()
}

/// Ends the process while a test or a hook holds Python's lock, or another lock that the end of the run needs.
///
/// `process::exit` runs the exit handlers of C, which flush streams: a thread that was given up inside `printf` holds the
/// lock of `stdout`. So after [`EXIT_HANDLERS_LIMIT`] a thread of its own calls `_exit`, which runs none.
pub(crate) fn end_process(status: u8) -> ! {
    let text = "error: a test, the set-up or the tear-down keeps Python, or what else the end of the run needs: the process ends without that\n";
    capture::Context::default().print(text.as_bytes());
    #[cfg(unix)]
    let _ = thread::Builder::new().spawn(move || immediate::exit(status));
    process::exit(status.into())
}

#[cfg(unix)]
mod immediate {
    #![expect(unsafe_code, reason = "std has no `_exit`")]

    use std::thread;

    pub(crate) fn exit(status: u8) -> ! {
        thread::sleep(super::EXIT_HANDLERS_LIMIT);
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
        let deadline = ExitDeadline::default();
        deadline.change(State::Suspended);
        deadline.end();
        deadline.resume();
        deadline.set(1);
        assert!(matches!(*deadline.lock(), State::Over));
    }

    /// As when Ctrl-C comes during the tear-down.
    #[test]
    fn a_later_exit_code_counts() {
        let deadline = ExitDeadline::default();
        deadline.change(State::Suspended);
        deadline.set(1);
        assert_eq!(deadline.0.status.load(Ordering::SeqCst), 0);
        deadline.set_status(2);
        assert_eq!(deadline.0.status.load(Ordering::SeqCst), 2);
        assert!(matches!(*deadline.lock(), State::Suspended));
    }

    #[test]
    fn a_deadline_ends_with_its_guard() {
        let deadline = ExitDeadline::default();
        deadline.change(State::Suspended);
        deadline.end_on_drop().forget();
        assert!(matches!(*deadline.lock(), State::Suspended));
        drop(deadline.end_on_drop());
        assert!(matches!(*deadline.lock(), State::Over));
    }
}
