//! Flushes of std's standard output, for the half lines (`print!`) that stand in its buffer.
//!
//! All threads share that buffer, and nothing records whose half line is in it. It is flushed where a
//! test panics and where it ends, for the test of the thread that flushes. So half a line is shown with the
//! test that printed it, unless another test prints, panics or ends at that very moment: only worker
//! processes, each of which runs one test at a time, exclude that.
//!
//! Two states, for the life of the process:
//!
//! | state | event, and who | next |
//! | --- | --- | --- |
//! | trusted: a flush takes std's lock on the calling thread | a test is given up, by whoever drives the schedule: [`suspect_lock`] | suspect |
//! | suspect: the test may keep std's lock, for which there is no `try_lock`; a flush runs on a thread of its own, for [`LIMIT`] at most | that thread does not come back | suspect, and nothing is flushed until it does |

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use super::scope::{self, Entry, Role, Scope};

/// How long a caller waits for a flush on another thread.
const LIMIT: Duration = Duration::from_millis(100);

/// Whether a test has been given up that may keep std's lock.
static IS_LOCK_SUSPECT: AtomicBool = AtomicBool::new(false);
/// Whether the thread of the latest flush still waits for std's lock. No other one is started meanwhile.
static IS_WAITING: AtomicBool = AtomicBool::new(false);
/// Held during a flush on another thread: they come one after the other.
static FLUSH: Mutex<()> = Mutex::new(());

/// Notes that a test has been given up, and may keep std's lock.
pub(crate) fn suspect_lock() {
    IS_LOCK_SUSPECT.store(true, Ordering::SeqCst);
}

/// Says whether a test has been given up, which may also go on to print.
#[cfg(unix)]
pub(crate) fn is_lock_suspect() -> bool {
    IS_LOCK_SUSPECT.load(Ordering::SeqCst)
}

/// Flushes std's standard output for the test of this thread.
pub(crate) fn flush_stdout() {
    if IS_LOCK_SUSPECT.load(Ordering::SeqCst) {
        flush_on_thread(scope::current());
    } else {
        let _ = io::stdout().flush();
    }
}

/// Flushes std's standard output for the test of this thread, which waits for std's lock for [`LIMIT`] at most.
pub(crate) fn flush_stdout_in_time() {
    flush_on_thread(scope::current());
}

fn flush_on_thread(scope: Option<Arc<Scope>>) {
    let _one_at_a_time = FLUSH.lock().unwrap_or_else(PoisonError::into_inner);
    if IS_WAITING.swap(true, Ordering::SeqCst) {
        return;
    }
    let (done, is_done) = mpsc::channel();
    let flush = move || {
        // This thread ends with the flush, and works for no test before or after that.
        let entry = scope.map(|scope| Entry {
            scope,
            role: Role::Poll,
        });
        drop(scope::swap(entry));
        let _ = io::stdout().flush();
        IS_WAITING.store(false, Ordering::SeqCst);
        let _ = done.send(());
    };
    let started = thread::Builder::new()
        .name("test-flush".to_owned())
        .spawn(flush);
    if started.is_err() {
        IS_WAITING.store(false, Ordering::SeqCst);
        return;
    }
    let _ = is_done.recv_timeout(LIMIT);
}
