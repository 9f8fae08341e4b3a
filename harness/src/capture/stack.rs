//! Which stack the current thread is on.

#![expect(unsafe_code, reason = "only the system knows its stacks")]

use std::cell::Cell;
use std::mem;
use std::ops::Range;
use std::ptr;

thread_local! {
    /// The addresses of the thread's own stack, as far as they are known.
    static OWN: Cell<(usize, usize)> = const { Cell::new((0, 0)) };
}

/// Says whether this is called in the handler of a signal that has a stack of its own.
///
/// To ask the system each time would cost more than all else that is done to what a test prints.
pub(super) fn is_alternate() -> bool {
    let local = 0_u8;
    let (start, end) = OWN.get();
    let is_own = (start..end).contains(&ptr::from_ref(&local).addr());
    !is_own && is_alternate_now()
}

/// Finds out where the stack of this thread is. That calls the allocator.
pub(super) fn know() {
    if OWN.get() == (0, 0) {
        let own = own_stack();
        OWN.set((own.start, own.end));
    }
}

fn is_alternate_now() -> bool {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut stack: libc::stack_t = unsafe { mem::zeroed() };
    // SAFETY: the new stack is null, so this only fills in the old one.
    let status = unsafe { libc::sigaltstack(ptr::null(), &mut stack) };
    status == 0 && stack.ss_flags & libc::SS_ONSTACK != 0
}

#[cfg(target_os = "linux")]
fn own_stack() -> Range<usize> {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut attributes: libc::pthread_attr_t = unsafe { mem::zeroed() };
    // SAFETY: this thread is alive; the attributes are filled in.
    if unsafe { libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) } != 0 {
        return 0..0;
    }
    let (mut lowest, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the attributes have been filled in, and are so until they are destroyed.
    let status = unsafe {
        let status = libc::pthread_attr_getstack(&attributes, &mut lowest, &mut size);
        libc::pthread_attr_destroy(&mut attributes);
        status
    };
    if status != 0 {
        return 0..0;
    }
    lowest.addr()..lowest.addr().saturating_add(size)
}

/// It is not asked for: then the system is asked each time.
#[cfg(not(target_os = "linux"))]
fn own_stack() -> Range<usize> {
    0..0
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn the_stack_of_a_thread_is_its_own() {
        let own = || {
            know();
            assert!(!is_alternate());
            let local = 0_u8;
            let (start, end) = OWN.get();
            assert!((start..end).contains(&ptr::from_ref(&local).addr()));
            (start, end)
        };
        assert_ne!(own(), thread::spawn(own).join().unwrap());
    }
}
