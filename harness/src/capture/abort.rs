//! Prints the captured output of a test that aborts the process, which would be lost.

#![expect(unsafe_code, reason = "there is no safe way to signals")]

use std::ffi::c_int;
use std::mem;
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use super::scope::take_current_output;

/// The process that has installed the handler. A forked child prints nothing: its copy of the output is its parent's to
/// report.
static PROCESS: AtomicU32 = AtomicU32::new(0);

/// Keeps a handler of SIGABRT installed, which prints the name and the output of the test to standard error. Restores the
/// former action when it is dropped.
pub(crate) struct AbortGuard {
    former: libc::sigaction,
}

impl AbortGuard {
    /// Installs the handler, unless the signal has another one, or is ignored.
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

/// Runs on the thread that called `abort`, which may be in the allocator or hold any lock: it must not allocate, and
/// must not wait for a lock. Then the signal's default action ends the process.
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

/// The scope is closed, so that the layer does not capture this.
fn print(text: &[u8]) {
    // SAFETY: the text is readable.
    unsafe { libc::write(libc::STDERR_FILENO, text.as_ptr().cast(), text.len()) };
}
