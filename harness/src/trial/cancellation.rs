//! The cancellation of an async trial.
//!
//! | state | event, and who | next |
//! | --- | --- | --- |
//! | unpolled: there is no waker | the future is polled, on the test's thread: the waker is kept | waiting |
//! | unpolled | the trial is given up: the driver of the schedule cancels | cancelled |
//! | waiting | the future is polled again: the waker is replaced | waiting |
//! | waiting | it is ready, or dropped by its runtime: the test's thread drops the waker | unpolled |
//! | waiting | its time is over: the driver of the schedule cancels, and wakes | cancelled |
//! | cancelled | the future is polled: the test's thread drops it | |
//!
//! The waker is the user's runtime's: it is cloned, woken and dropped while the state is not locked.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Shared by the schedule, which cancels the trial, and the task that polls its future.
#[derive(Default)]
pub(crate) struct Cancellation(Mutex<State>);

#[derive(Default)]
struct State {
    is_cancelled: bool,
    waker: Option<Waker>,
}

impl Cancellation {
    pub(crate) fn cancel(&self) {
        let waker = {
            let mut state = self.lock();
            state.is_cancelled = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Drops the waker on the thread of the task: it may be the last owner of the runtime.
    pub(super) fn forget_waker(&self) {
        let waker = self.lock().waker.take();
        drop(waker);
    }

    /// Says whether the future has been polled, and is waiting or just being polled.
    pub(crate) fn is_waiting(&self) -> bool {
        self.lock().waker.is_some()
    }

    /// Says whether the trial is cancelled; if not, keeps `waker`, which is woken then.
    pub(super) fn is_cancelled(&self, waker: &Waker) -> bool {
        let waker = Some(waker.clone());
        let (is_cancelled, former) = {
            let mut state = self.lock();
            (state.is_cancelled, mem::replace(&mut state.waker, waker))
        };
        drop(former);
        is_cancelled
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
