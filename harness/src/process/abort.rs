//! A test that aborts the process takes along what was captured, unless that is printed first.

#![expect(unsafe_code, reason = "there is no safe way to signals")]

use std::ffi::c_int;
use std::mem;
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::capture;

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
/// wait for a lock. `abort` raises the signal again afterwards, with its default effect.
extern "C" fn on_abort(_signal: c_int) {
    if process::id() != PROCESS.load(Ordering::Relaxed) {
        return;
    }
    capture::with_current_output(|name, output| {
        for part in [
            b"\n---- ",
            name.as_bytes(),
            b" stdout ----\n",
            output,
            b"\n",
        ] {
            // SAFETY: the part is readable. The scope is being looked at, so that the layer cannot
            // get at it, and lets this pass.
            unsafe { libc::write(libc::STDERR_FILENO, part.as_ptr().cast(), part.len()) };
        }
    });
}
