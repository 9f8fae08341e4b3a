//! A test that calls `exit(0)` must not look like success, nor must a tear-down that does so after a failure.
//!
//! | process | event, on the thread that exits | next |
//! | --- | --- | --- |
//! | no guard exists | exit with any status | ends with that |
//! | a guard exists: a run is under way, or has failed | exit with another status than 0 | ends with that |
//! | a guard exists | exit with status 0 | prints each guard's objection, and ends with 101 |
//! | a forked child | exit with any status | ends with that |

#![expect(unsafe_code, reason = "only C's on_exit tells the status")]

use std::ffi::{c_int, c_void};
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use super::{FAILURE, print_error};

/// Says why status 0 would be wrong, in words that follow "the process ended with status 0".
type Objection = Box<dyn Fn() -> String + Send>;

/// The guards that exist: a test may have runs of its own.
static EXIT_GUARDS: Mutex<Vec<RegisteredGuard>> = Mutex::new(Vec::new());
/// The process that they are in. A forked child may end as it likes, and must not wait for a lock.
static PROCESS: AtomicU32 = AtomicU32::new(0);

struct RegisteredGuard {
    id: u64,
    objection: Objection,
}

/// As long as it exists, the end of the process with status 0 is turned into a failure.
#[must_use]
#[derive(Debug)]
pub struct ExitGuard {
    id: u64,
}

impl ExitGuard {
    /// Guards a run under way; `running` returns the names of the tests that are running.
    pub(crate) fn new(running: impl Fn() -> Vec<String> + Send + 'static) -> Self {
        Self::objecting(move || format!("while tests were running: {}", running().join(", ")))
    }

    /// Guards what comes after a run, or a set-up, that is no success.
    pub fn after_failure() -> Self {
        Self::objecting(|| "though its tests had failed, or were cut off".to_owned())
    }

    fn objecting(objection: impl Fn() -> String + Send + 'static) -> Self {
        static REGISTER: Once = Once::new();
        REGISTER.call_once(|| {
            // SAFETY: the function has the type that on_exit calls, and lives as long as the
            // process.
            unsafe { on_exit(at_exit, ptr::null_mut()) };
        });
        PROCESS.store(process::id(), Ordering::Relaxed);
        let mut guarded = lock();
        let id = guarded.last().map_or(0, |last| last.id + 1);
        guarded.push(RegisteredGuard {
            id,
            objection: Box::new(objection),
        });
        Self { id }
    }
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        lock().retain(|guarded| guarded.id != self.id);
    }
}

fn lock() -> MutexGuard<'static, Vec<RegisteredGuard>> {
    EXIT_GUARDS.lock().unwrap_or_else(PoisonError::into_inner)
}

unsafe extern "C" {
    fn on_exit(function: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
}

extern "C" fn at_exit(status: c_int, _argument: *mut c_void) {
    if status != 0 || process::id() != PROCESS.load(Ordering::Relaxed) {
        return;
    }
    let guarded = lock();
    if guarded.is_empty() {
        return;
    }
    // The thread-local variables of this thread, which ends the process, are gone already; so what
    // is printed here is not captured, and which test it was is not known for certain.
    for RegisteredGuard { objection, .. } in &*guarded {
        let error = format!("\nerror: the process ended with status 0 {}\n", objection());
        print_error(error.as_bytes());
    }
    // SAFETY: this ends the process at once, which is what is wanted here.
    unsafe { libc::_exit(FAILURE) };
}
