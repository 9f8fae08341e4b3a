//! Ctrl-C.

#![expect(unsafe_code, reason = "there is no safe way to signals")]

use std::ffi::c_int;
use std::fs::File;
use std::io::Read;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;

use crate::guarded::Guarded;

/// The end of a pipe that the signal handler writes to; -1 if there is none.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// Calls back at the first SIGINT. When it is dropped the signal does again what it did.
pub(crate) struct Interrupt {
    former: libc::sigaction,
    /// Ends the thread when it is closed.
    writer: Option<Guarded<OwnedFd>>,
}

impl Interrupt {
    /// Starts to watch, unless somebody else handles or ignores the signal: Python, for example,
    /// or a shell that started this process in the background.
    pub(crate) fn watch(callback: impl FnOnce() + Send + 'static) -> Option<Self> {
        let former = action()?;
        if former.sa_sigaction != libc::SIG_DFL {
            return None;
        }
        let (reader, writer) = pipe()?;
        let number = writer.as_raw_fd();
        PIPE.compare_exchange(-1, number, Ordering::SeqCst, Ordering::SeqCst)
            .ok()?;
        let this = Self {
            former,
            writer: Some(Guarded::new(writer)),
        };
        let reader = Guarded::new(File::from(reader));
        let wait = move || {
            let mut byte = [0];
            if matches!((&*reader).read(&mut byte), Ok(1)) {
                // A second Ctrl-C ends the process at once.
                set_action(&former);
                callback();
            }
        };
        thread::Builder::new()
            .name("test-interrupt".to_owned())
            .spawn(wait)
            .ok()?;
        set_action(&handler());
        Some(this)
    }
}

/// Leaves Ctrl-C to the parent of this process, which gets it as well and then closes the socket.
///
/// The signal is handled, not ignored: what this process starts must not inherit that.
pub(crate) fn leave_to_parent() {
    if action().is_some_and(|action| action.sa_sigaction == libc::SIG_DFL) {
        set_action(&handler());
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        set_action(&self.former);
        PIPE.store(-1, Ordering::SeqCst);
        self.writer = None;
    }
}

fn action() -> Option<libc::sigaction> {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: a null action changes nothing; the other pointer is valid.
    let status = unsafe { libc::sigaction(libc::SIGINT, ptr::null(), &mut action) };
    (status == 0).then_some(action)
}

fn set_action(action: &libc::sigaction) {
    // SAFETY: the action is one that was in force, or ours, which is fit for signals.
    unsafe { libc::sigaction(libc::SIGINT, action, ptr::null_mut()) };
}

fn handler() -> libc::sigaction {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = on_signal as extern "C" fn(c_int) as usize;
    action.sa_flags = libc::SA_RESTART;
    action
}

/// Does nothing but what is allowed in a signal handler: writes to the pipe. If a test has closed that
/// then nobody will report, and the signal does what it does by default.
extern "C" fn on_signal(signal: c_int) {
    let fd = PIPE.load(Ordering::SeqCst);
    // SAFETY: one byte is readable; if the descriptor is closed meanwhile the call fails. The signal
    // that is raised comes when this returns.
    unsafe {
        if fd >= 0 && libc::write(fd, [0u8].as_ptr().cast(), 1) != 1 {
            libc::signal(signal, libc::SIG_DFL);
            libc::raise(signal);
        }
    }
}

fn pipe() -> Option<(OwnedFd, OwnedFd)> {
    let mut ends = [-1; 2];
    // SAFETY: there is room for two descriptors.
    if unsafe { libc::pipe(ends.as_mut_ptr()) } != 0 {
        return None;
    }
    for end in ends {
        // SAFETY: the descriptor is open. Processes that tests start must not inherit it.
        unsafe { libc::fcntl(end, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    // SAFETY: both are open and owned by nobody else.
    Some(unsafe { (OwnedFd::from_raw_fd(ends[0]), OwnedFd::from_raw_fd(ends[1])) })
}
