//! A flush of std's standard output that need not end.
//!
//! A test that has been given up may never let go of the lock, for which std has no `try_lock`. From
//! then on the buffer is flushed on a thread of its own, which is left behind if it gets stuck.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use super::scope::{self, Role, Scope};

/// So long a flush may take.
const PATIENCE: Duration = Duration::from_millis(100);

/// A test has been given up.
static IS_SUSPECT: AtomicBool = AtomicBool::new(false);
/// A thread has not come back from its flush. No other has to try as long as that is so.
static IS_STUCK: AtomicBool = AtomicBool::new(false);
/// The flushes come one after the other.
static TURN: Mutex<()> = Mutex::new(());

/// Notes that a test has been given up, and may have the lock.
pub(crate) fn suspect() {
    IS_SUSPECT.store(true, Ordering::SeqCst);
}

/// Says whether a test has been given up, which may go on to print.
#[cfg(unix)]
pub(crate) fn is_suspect() -> bool {
    IS_SUSPECT.load(Ordering::SeqCst)
}

/// Flushes std's standard output for the test of this thread.
pub(super) fn flush() {
    if IS_SUSPECT.load(Ordering::SeqCst) {
        flush_aside(scope::current());
    } else {
        let _ = io::stdout().flush();
    }
}

fn flush_aside(scope: Option<Arc<Scope>>) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    if IS_STUCK.swap(true, Ordering::SeqCst) {
        return;
    }
    let (done, is_done) = mpsc::channel();
    let flush = move || {
        let _entered = scope::enter_aside(scope, Role::Poll);
        let _ = io::stdout().flush();
        IS_STUCK.store(false, Ordering::SeqCst);
        let _ = done.send(());
    };
    let started = thread::Builder::new()
        .name("test-flush".to_owned())
        .spawn(flush);
    if started.is_err() {
        IS_STUCK.store(false, Ordering::SeqCst);
        return;
    }
    let _ = is_done.recv_timeout(PATIENCE);
}
