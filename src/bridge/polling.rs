//! Counts the futures of the bridge that are being polled just now, so that an exit can wait for them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

static POLLING: AtomicUsize = AtomicUsize::new(0);
static IDLE: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());

/// Counts while it lives.
pub(super) struct Polling;

pub(super) fn enter() -> Polling {
    POLLING.fetch_add(1, Ordering::SeqCst);
    Polling
}

impl Drop for Polling {
    fn drop(&mut self) {
        if POLLING.fetch_sub(1, Ordering::SeqCst) == 1 {
            let _idle = IDLE.0.lock().unwrap_or_else(PoisonError::into_inner);
            IDLE.1.notify_all();
        }
    }
}

/// Waits until nothing is being polled; false when that took longer than `timeout`. Call it detached from Python.
pub(super) fn wait_until_idle(timeout: Duration) -> bool {
    let idle = IDLE.0.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = IDLE
        .1
        .wait_timeout_while(idle, timeout, |()| POLLING.load(Ordering::SeqCst) != 0);
    let (idle, result) = waited.unwrap_or_else(PoisonError::into_inner);
    drop(idle);
    !result.timed_out()
}
