//! SIGINT (Ctrl-C).
//!
//! The handler writes to a pipe, and a thread at its other end calls back. The crate signal-hook would not do: it keeps
//! its handler for the life of the process, and a signal handler has to be restored as it was.
//!
//! | state | event, and who | next |
//! | --- | --- | --- |
//! | unwatched: the signal does what it did before | a run starts, and nobody else handles or ignores the signal: [`Interrupt::watch`] | watched |
//! | watched | SIGINT comes: the handler, on any thread, sets [`IS_DUE`] and writes to the pipe | due |
//! | watched | the run ends: [`Interrupt`] is dropped | unwatched |
//! | due | the thread at the end of the pipe takes the callback; it puts the former action back, and calls it | called |
//! | due | the run ends before that: the signal is raised again, as its callback comes too late | unwatched |
//! | called: a second SIGINT does what it did before the run | the callback exits the process | |
//!
//! In a forked child, and where a test has closed the pipe, the handler restores the default action and raises the
//! signal again.

#![expect(unsafe_code, reason = "there is no safe way to signals")]

use std::cell::Cell;
use std::ffi::c_int;
use std::mem;
use std::process;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::signal_pipe::SignalPipe;

/// The pipe that the signal handler writes to, never freed; null as long as there is none.
static PIPE: AtomicPtr<SignalPipe> = AtomicPtr::new(ptr::null_mut());
/// Whether a run watches the signal.
static IS_WATCHED: AtomicBool = AtomicBool::new(false);
/// Whether the signal has come, and its callback has not been called.
static IS_DUE: AtomicBool = AtomicBool::new(false);
/// The process that handles the signal. A forked child has the handler too.
static OWNER: AtomicU32 = AtomicU32::new(0);
/// Called by the thread at the other end of the pipe.
static CALLBACK: Mutex<Option<Callback>> = Mutex::new(None);

thread_local! {
    /// Whether this is the thread that calls back.
    static CALLS: Cell<bool> = const { Cell::new(false) };
}

type Callback = Box<dyn FnOnce() + Send>;

/// Calls back at the first SIGINT. Restores the former action when it is dropped.
pub(crate) struct Interrupt {
    former: libc::sigaction,
}

impl Interrupt {
    /// Installs the handler, unless the signal is handled or ignored already: by Python, for example, or by a shell that
    /// started this process in the background.
    pub(crate) fn watch(callback: impl FnOnce() + Send + 'static) -> Option<Self> {
        let former = action()?;
        if former.sa_sigaction != libc::SIG_DFL || IS_WATCHED.swap(true, Ordering::SeqCst) {
            return None;
        }
        if open_pipe().is_none() {
            IS_WATCHED.store(false, Ordering::SeqCst);
            return None;
        }
        *callback_slot() = Some(Box::new(move || {
            // Then a second Ctrl-C ends the process at once.
            set_action(&former);
            callback();
        }));
        handle();
        Some(Self { former })
    }
}

/// Leaves Ctrl-C to the parent of this process, which gets it as well and then closes the socket.
///
/// The signal is handled, not ignored: what this process starts must not inherit that.
pub(crate) fn leave_to_parent() {
    if action().is_some_and(|action| action.sa_sigaction == libc::SIG_DFL) {
        handle();
    }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        set_action(&self.former);
        let callback = callback_slot().take();
        // The signal has come, and its callback has not been called: raise it again, for the former action.
        let is_callback_running = callback.is_none() && !CALLS.get();
        if is_callback_running || IS_DUE.swap(false, Ordering::SeqCst) {
            raise();
        }
        drop(callback);
        IS_WATCHED.store(false, Ordering::SeqCst);
    }
}

/// Opens the pipe, and starts the thread at its other end, unless both are there. A test may have closed the last pipe.
fn open_pipe() -> Option<()> {
    if pipe().is_some_and(SignalPipe::is_intact) {
        return Some(());
    }
    let pipe: &'static SignalPipe = Box::leak(Box::new(SignalPipe::new()?));
    let serve = || {
        CALLS.set(true);
        while pipe.wait() {
            let callback = callback_slot().take();
            let is_due = IS_DUE.swap(false, Ordering::SeqCst);
            match callback {
                Some(callback) => callback(),
                // The signal came after the end of the run, which has restored the former action.
                None if is_due => raise(),
                None => {}
            }
        }
    };
    let thread = thread::Builder::new().name("test-interrupt".to_owned());
    thread.spawn(serve).ok()?;
    PIPE.store(ptr::from_ref(pipe).cast_mut(), Ordering::SeqCst);
    Some(())
}

fn pipe() -> Option<&'static SignalPipe> {
    // SAFETY: the pointer is null, or to a leaked box that is never changed.
    unsafe { PIPE.load(Ordering::SeqCst).as_ref() }
}

fn callback_slot() -> MutexGuard<'static, Option<Callback>> {
    CALLBACK.lock().unwrap_or_else(PoisonError::into_inner)
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

fn handle() {
    OWNER.store(process::id(), Ordering::SeqCst);
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = on_signal as extern "C" fn(c_int) as usize;
    action.sa_flags = libc::SA_RESTART;
    set_action(&action);
}

/// Runs on any thread, and does what a signal handler may: it writes to the pipe. If a test has closed that, or
/// in a forked child, whose pipe is its parent's, it raises the signal again with the default action.
extern "C" fn on_signal(signal: c_int) {
    // The thread that is interrupted may be about to look at its error number.
    let errno = errno::errno();
    respond(signal);
    errno::set_errno(errno);
}

fn respond(signal: c_int) {
    let is_owner = process::id() == OWNER.load(Ordering::SeqCst);
    if is_owner && !IS_WATCHED.load(Ordering::SeqCst) {
        return;
    }
    if is_owner {
        IS_DUE.store(true, Ordering::SeqCst);
        if pipe().is_some_and(SignalPipe::notify) {
            return;
        }
    }
    // SAFETY: the default action is one that any signal may have. The signal comes when this returns.
    unsafe { libc::signal(signal, libc::SIG_DFL) };
    raise();
}

/// Raises the signal on this thread.
fn raise() {
    // SAFETY: this is allowed in a signal handler too.
    unsafe { libc::raise(libc::SIGINT) };
}
