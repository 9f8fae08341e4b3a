//! The error number of a thread, which a signal handler must leave as it was.

#![expect(unsafe_code, reason = "std only reads it")]

use std::ffi::c_int;

/// Sets the number back when it is dropped.
pub(super) struct Errno(c_int);

impl Errno {
    pub(super) fn keep() -> Self {
        // SAFETY: the thread has such a number.
        Self(unsafe { *location() })
    }
}

impl Drop for Errno {
    fn drop(&mut self) {
        // SAFETY: as above.
        unsafe { *location() = self.0 };
    }
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd"))]
unsafe fn location() -> *mut c_int {
    // SAFETY: this can always be called.
    unsafe { libc::__error() }
}

#[cfg(any(target_os = "android", target_os = "netbsd", target_os = "openbsd"))]
unsafe fn location() -> *mut c_int {
    // SAFETY: this can always be called.
    unsafe { libc::__errno() }
}

#[cfg(any(target_os = "illumos", target_os = "solaris"))]
unsafe fn location() -> *mut c_int {
    // SAFETY: this can always be called.
    unsafe { libc::___errno() }
}

#[cfg(not(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "android",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "illumos",
    target_os = "solaris"
)))]
unsafe fn location() -> *mut c_int {
    // SAFETY: this can always be called.
    unsafe { libc::__errno_location() }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Fails with this number.
    fn fail(number: c_int) {
        // SAFETY: the thread has such a number.
        unsafe { *location() = number };
    }

    #[test]
    fn a_failure_within_is_not_seen_without() {
        fail(libc::EAGAIN);
        let errno = Errno::keep();
        fail(libc::EBADF);
        drop(errno);
        assert_eq!(
            io::Error::last_os_error().raw_os_error(),
            Some(libc::EAGAIN)
        );
    }
}
