//! Counts the polls of the bridge's futures that are under way, so that an exit and a fork can wait for them.
//!
//! A poll counts for as long as a [`Polling`] lives. So does whatever else runs a user's code, or enters Python, on a
//! thread that no Python code waits for: the drop of a future, the last reference to a hub, a call of the dispatcher.
//!
//! | event | by whom, on which thread | effect |
//! | --- | --- | --- |
//! | [`enter`] | whoever polls, on a thread of a runtime | counts, unless a fork is under way: then it waits first |
//! | [`Polling`] is dropped | the same one, on the same thread | counts down, and wakes whoever waits |
//! | [`wait_until_idle`] | an exit or `shutdown`, on a thread of Python | returns at 0, or when its time is over |
//! | [`pause`] | `fork`, on the thread that forks | returns when only this thread polls, or after [`PAUSE`] |
//! | [`resume`] | `fork`, on the same thread in the parent | lets those go on that wait in [`enter`] |
//! | [`restart`] | `fork`, on the only thread of the child | counts what this thread polls, and nothing else |
//!
//! A thread that polls already does not wait in [`enter`]: the fork waits for the end of its outer poll. So nothing
//! waits for itself, also where a poll forks.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a fork waits for the polls of other threads. One of them may wait for Python, to which the thread that forks
/// is attached.
const PAUSE: Duration = Duration::from_millis(50);

static POLLING: AtomicUsize = AtomicUsize::new(0);
/// The process is about to fork.
static PAUSED: AtomicBool = AtomicBool::new(false);
/// Notified, under the lock, when one of the two above has changed and somebody may wait for that.
static CHANGED: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());

thread_local! {
    /// The polls under way on this thread, each but the first within another.
    static OWN: Cell<usize> = const { Cell::new(0) };
}

/// A poll under way, on the thread that has begun it.
pub(crate) struct Polling(PhantomData<*const ()>);

impl Polling {
    fn new() -> Self {
        OWN.set(OWN.get() + 1);
        POLLING.fetch_add(1, Ordering::SeqCst);
        Self(PhantomData)
    }
}

impl Drop for Polling {
    fn drop(&mut self) {
        OWN.set(OWN.get() - 1);
        let is_idle = POLLING.fetch_sub(1, Ordering::SeqCst) == 1;
        if is_idle || PAUSED.load(Ordering::SeqCst) {
            let _lock = lock();
            CHANGED.1.notify_all();
        }
    }
}

/// Counts a poll.
pub(crate) fn enter() -> Polling {
    loop {
        let polling = Polling::new();
        if !PAUSED.load(Ordering::SeqCst) || OWN.get() > 1 {
            return polling;
        }
        drop(polling);
        wait_while_paused();
    }
}

#[cold]
fn wait_while_paused() {
    let paused = |(): &mut ()| PAUSED.load(Ordering::SeqCst);
    drop(CHANGED.1.wait_while(lock(), paused));
}

/// Keeps other threads from polling until [`resume`], so that a fork finds no lock of theirs, or of pyo3's, taken. It
/// gives up on polls that take longer than [`PAUSE`].
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no fork"))]
pub(crate) fn pause() {
    PAUSED.store(true, Ordering::SeqCst);
    wait_until_left(OWN.get(), PAUSE);
}

/// Lets other threads poll again, in the parent of a fork.
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no fork"))]
pub(crate) fn resume() {
    PAUSED.store(false, Ordering::SeqCst);
    let _lock = lock();
    CHANGED.1.notify_all();
}

/// Forgets, in the child of a fork, the polls of threads that it does not have.
#[cfg_attr(not(unix), expect(dead_code, reason = "there is no fork"))]
pub(crate) fn restart() {
    POLLING.store(OWN.get(), Ordering::SeqCst);
    PAUSED.store(false, Ordering::SeqCst);
}

pub(crate) fn lock() -> MutexGuard<'static, ()> {
    CHANGED.0.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until nothing is being polled but what this thread polls itself; false when that took longer than `timeout`.
/// Call it detached from Python.
pub(crate) fn wait_until_idle(timeout: Duration) -> bool {
    wait_until_left(OWN.get(), timeout)
}

fn wait_until_left(left: usize, timeout: Duration) -> bool {
    let more = |(): &mut ()| POLLING.load(Ordering::SeqCst) > left;
    let waited = CHANGED.1.wait_timeout_while(lock(), timeout, more);
    let (_lock, result) = waited.unwrap_or_else(PoisonError::into_inner);
    !result.timed_out()
}
