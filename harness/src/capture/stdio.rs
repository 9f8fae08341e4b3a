//! What has to be done to the standard files of a process.

#![expect(unsafe_code, reason = "there are no safe ways to C's own files")]

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::ptr;

/// Makes `file` the standard input of this process, and of those that it starts.
pub(crate) fn replace_stdin(file: &File) -> io::Result<()> {
    // SAFETY: both are open descriptors; the one that is replaced was standard input, which nobody
    // owns.
    match unsafe { libc::dup2(file.as_raw_fd(), libc::STDIN_FILENO) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Writes out what C's own files hold back.
pub(crate) fn flush_c() {
    // SAFETY: null means every file.
    unsafe { libc::fflush(ptr::null_mut()) };
}
