//! Which stack the current thread is on.

#![expect(unsafe_code, reason = "only the system knows its stacks")]

use std::cell::Cell;
use std::mem;
use std::ptr;

/// Addresses are remembered by the page: no two stacks share one.
const PAGE: usize = 4096;

thread_local! {
    /// The lowest and the highest address that are known to be on the thread's own stack, and so is what lies between
    /// them. Whatever a signal handler sees while they change is a part of that.
    static OWN: Cell<(usize, usize)> = const { Cell::new((usize::MAX, 0)) };
}

/// Says whether this is called in the handler of a signal that has a stack of its own.
///
/// The system is asked once for each depth of the thread's own stack. To ask it each time would cost more than all else
/// that is done to what a test prints; to ask `pthread_getattr_np` when a thread starts costs more than that, calls the
/// allocator, and is for nothing where a test prints nothing.
pub(super) fn is_alternate() -> bool {
    let local = 0_u8;
    let address = ptr::from_ref(&local).addr();
    let (lowest, highest) = OWN.get();
    if (lowest..=highest).contains(&address) {
        return false;
    }
    if is_alternate_now() {
        return true;
    }
    let page = address & !(PAGE - 1);
    OWN.set((lowest.min(page), highest.max(page + (PAGE - 1))));
    false
}

fn is_alternate_now() -> bool {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut stack: libc::stack_t = unsafe { mem::zeroed() };
    // SAFETY: the new stack is null, so this only fills in the old one.
    let status = unsafe { libc::sigaltstack(ptr::null(), &mut stack) };
    status == 0 && stack.ss_flags & libc::SS_ONSTACK != 0
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn the_stack_of_a_thread_is_its_own() {
        let own = || {
            assert!(!is_alternate());
            let local = 0_u8;
            let (lowest, highest) = OWN.get();
            assert!((lowest..=highest).contains(&ptr::from_ref(&local).addr()));
            (lowest, highest)
        };
        assert_ne!(own(), thread::spawn(own).join().unwrap());
    }

    #[test]
    fn the_stack_of_a_signal_handler_is_not_the_threads_own() {
        static IN_HANDLER: AtomicBool = AtomicBool::new(false);
        extern "C" fn note(_signal: libc::c_int) {
            IN_HANDLER.store(is_alternate(), Ordering::SeqCst);
        }
        assert!(!is_alternate());
        // SAFETY: std has given this thread an alternate stack; the handler does what one may do; and nobody else sends
        // this signal, or handles it.
        unsafe {
            let mut action: libc::sigaction = mem::zeroed();
            action.sa_sigaction = note as *const () as usize;
            action.sa_flags = libc::SA_ONSTACK;
            assert_eq!(libc::sigaction(libc::SIGWINCH, &action, ptr::null_mut()), 0);
            assert_eq!(libc::raise(libc::SIGWINCH), 0);
        }
        assert!(IN_HANDLER.load(Ordering::SeqCst));
        assert!(!is_alternate());
    }
}
