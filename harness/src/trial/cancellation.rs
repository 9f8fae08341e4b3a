//! The cancellation of an async trial.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// Says to a task that it is not wanted any more.
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

    /// Drops the waker, which may keep the runtime, on the thread of the task.
    pub(super) fn forget_waker(&self) {
        let waker = self.lock().waker.take();
        drop(waker);
    }

    /// Says whether there is a task that has been polled, and waits or is just being polled.
    pub(crate) fn is_waiting(&self) -> bool {
        self.lock().waker.is_some()
    }

    /// Says whether the task is cancelled; if not, wakes it when it is.
    pub(super) fn is_cancelled(&self, waker: &Waker) -> bool {
        // Wakers are the runtime's: none is cloned or dropped while the lock is held.
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
