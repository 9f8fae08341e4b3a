//! A test that calls `exit(0)` must not look like success.

#![expect(unsafe_code, reason = "only C's on_exit tells the status")]

use std::ffi::{c_int, c_void};
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use super::{FAILURE, print_error};

/// Returns the names of the tests that are running.
type Running = Box<dyn Fn() -> Vec<String> + Send>;

/// The runs that are under way: a test may run others.
static RUNS: Mutex<Vec<Run>> = Mutex::new(Vec::new());
/// The process that they are in. A forked child may end as it likes, and must not wait for a lock.
static PROCESS: AtomicU32 = AtomicU32::new(0);

struct Run {
    id: u64,
    running: Running,
}

/// As long as it exists, the end of the process with status 0 is turned into a failure.
pub(crate) struct ExitGuard {
    id: u64,
}

impl ExitGuard {
    pub(crate) fn new(running: impl Fn() -> Vec<String> + Send + 'static) -> Self {
        static REGISTER: Once = Once::new();
        REGISTER.call_once(|| {
            // SAFETY: the function has the type that on_exit calls, and lives as long as the
            // process.
            unsafe { on_exit(at_exit, ptr::null_mut()) };
        });
        PROCESS.store(process::id(), Ordering::Relaxed);
        let mut runs = lock();
        let id = runs.last().map_or(0, |run| run.id + 1);
        runs.push(Run {
            id,
            running: Box::new(running),
        });
        Self { id }
    }
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        lock().retain(|run| run.id != self.id);
    }
}

fn lock() -> MutexGuard<'static, Vec<Run>> {
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

unsafe extern "C" {
    fn on_exit(function: extern "C" fn(c_int, *mut c_void), argument: *mut c_void) -> c_int;
}

extern "C" fn at_exit(status: c_int, _argument: *mut c_void) {
    if status != 0 || process::id() != PROCESS.load(Ordering::Relaxed) {
        return;
    }
    let runs = lock();
    if runs.is_empty() {
        return;
    }
    // The thread-local variables of this thread, which ends the process, are gone already; so what
    // is printed here is not captured, and which test it was is not known for certain.
    let tests: Vec<_> = runs.iter().flat_map(|run| (run.running)()).collect();
    let tests = tests.join(", ");
    let error =
        format!("\nerror: the process ended with status 0 while tests were running: {tests}\n");
    print_error(error.as_bytes());
    // SAFETY: this ends the process at once, which is what is wanted here.
    unsafe { libc::_exit(FAILURE) };
}
