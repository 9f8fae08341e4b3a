//! Counts the futures of the bridge that are being polled just now, so that an exit can wait for them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::bridge::lifecycle::fork::generation;

/// How long a fork waits for futures that are being polled.
const PAUSE: Duration = Duration::from_millis(50);

static POLLING: AtomicUsize = AtomicUsize::new(0);
/// The process is about to fork, and polls that have not begun wait.
static PAUSED: AtomicBool = AtomicBool::new(false);
static IDLE: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());

/// Counts while it lives, in the process where it began: a child forgets it.
pub(crate) struct Polling {
    generation: u32,
}

impl Polling {
    fn new() -> Self {
        POLLING.fetch_add(1, Ordering::SeqCst);
        Self {
            generation: generation(),
        }
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        if self.generation == generation() && POLLING.fetch_sub(1, Ordering::SeqCst) == 1 {
            let _idle = lock();
            IDLE.1.notify_all();
        }
    }
}

/// Counts a poll; while the process is about to fork it waits until that is over.
pub(crate) fn enter() -> Polling {
    let polling = Polling::new();
    if !PAUSED.load(Ordering::SeqCst) {
        return polling;
    }
    drop(polling);
    wait_while_paused();
    Polling::new()
}

#[cold]
fn wait_while_paused() {
    let idle = lock();
    let paused = |(): &mut ()| PAUSED.load(Ordering::SeqCst);
    // The time limit is for a future that is polled within another, whose end the fork waits for.
    drop(IDLE.1.wait_timeout_while(idle, 2 * PAUSE, paused));
}

/// Keeps futures from being polled until [`resume`], so that a fork finds no lock of theirs, or of pyo3's, taken. It
/// gives up on those that take longer than 50 ms, such as one that waits to be attached to Python.
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no fork"))]
pub(crate) fn pause() {
    PAUSED.store(true, Ordering::SeqCst);
    wait_until_idle(PAUSE);
}

/// Lets futures be polled again, in the parent of a fork.
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no fork"))]
pub(crate) fn resume() {
    PAUSED.store(false, Ordering::SeqCst);
    let _idle = lock();
    IDLE.1.notify_all();
}

/// Forgets, in the child of a fork, the futures that threads of the parent were polling.
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no fork"))]
pub(crate) fn restart() {
    POLLING.store(0, Ordering::SeqCst);
    PAUSED.store(false, Ordering::SeqCst);
}

/// What [`lock`] returns.
pub(crate) type Lock = MutexGuard<'static, ()>;

pub(crate) fn lock() -> Lock {
    IDLE.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until nothing is being polled; false when that took longer than `timeout`. Call it detached from Python.
pub(crate) fn wait_until_idle(timeout: Duration) -> bool {
    let idle = lock();
    let waited = IDLE
        .1
        .wait_timeout_while(idle, timeout, |()| POLLING.load(Ordering::SeqCst) != 0);
    let (idle, result) = waited.unwrap_or_else(PoisonError::into_inner);
    drop(idle);
    !result.timed_out()
}
