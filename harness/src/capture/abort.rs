//! A test that aborts the process takes along what was captured, unless that is printed first.

#![expect(unsafe_code, reason = "there is no safe way to signals")]

use std::ffi::c_int;
use std::mem;
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use super::scope::take_current_output;

/// The process that watches. What a forked child has of the output is its parent's.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Prints the output of a test that aborts, and who it was, to standard error. When it is dropped
/// the signal does again what it did.
pub(crate) struct AbortGuard {
    former: libc::sigaction,
}

impl AbortGuard {
    /// Starts to watch, unless somebody else handles the signal.
    pub(crate) fn new() -> Option<Self> {
        // SAFETY: all-zero is a valid value of this plain C struct.
        let mut former: libc::sigaction = unsafe { mem::zeroed() };
        // SAFETY: a null action changes nothing; the other pointer is valid.
        let status = unsafe { libc::sigaction(libc::SIGABRT, ptr::null(), &mut former) };
        if status != 0 || former.sa_sigaction != libc::SIG_DFL {
            return None;
        }
        PROCESS.store(process::id(), Ordering::Relaxed);
        // SAFETY: all-zero is a valid value of this plain C struct.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = on_abort as extern "C" fn(c_int) as usize;
        // SAFETY: the handler does what a handler of this signal may do.
        unsafe { libc::sigaction(libc::SIGABRT, &action, ptr::null_mut()) };
        Some(Self { former })
    }
}

impl Drop for AbortGuard {
    fn drop(&mut self) {
        // SAFETY: this action was in force before.
        unsafe { libc::sigaction(libc::SIGABRT, &self.former, ptr::null_mut()) };
    }
}

/// Runs in the thread that called `abort`, wherever that was: it must not allocate, and must not
/// wait for a lock. Then the signal does what it does by default.
extern "C" fn on_abort(signal: c_int) {
    if process::id() == PROCESS.load(Ordering::Relaxed) {
        print_current_output();
    }
    // SAFETY: both are allowed in a signal handler. The signal comes when this returns.
    unsafe {
        libc::signal(signal, libc::SIG_DFL);
        libc::raise(signal);
    }
}

fn print_current_output() {
    let mut is_first = true;
    take_current_output(|name, piece| {
        if mem::take(&mut is_first) {
            print(b"\n---- ");
            print(name.as_bytes());
            print(b" stdout ----\n");
        }
        print(piece);
    });
    if !is_first {
        print(b"\n");
    }
}

/// The capture is at its end, and lets this pass.
fn print(text: &[u8]) {
    // SAFETY: the text is readable.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}
