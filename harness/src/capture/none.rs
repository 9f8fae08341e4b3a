//! The capture layer on systems where `capture!` defines no C functions.

/// Returns `false`: there is no layer here.
pub(crate) fn is_present() -> bool {
    false
}

/// Returns the number that the kernel gave this thread.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "the number is had from a system call only")]
pub(crate) fn thread_id() -> i32 {
    // SAFETY: gettid has no preconditions.
    unsafe { libc::gettid() }
}
