//! What has to be done to the standard files of a process.

#![expect(unsafe_code, reason = "there are no safe ways to C's own files")]

use std::fs::File;
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, RawFd};
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

/// Makes `file` the standard output and the standard error of this process, where it is not that
/// already.
pub(crate) fn restore_outputs(file: &File) -> io::Result<()> {
    let wanted = identity(file.as_raw_fd());
    for output in [libc::STDOUT_FILENO, libc::STDERR_FILENO] {
        if identity(output) == wanted {
            continue;
        }
        // SAFETY: the file is open; the other descriptor is standard output or error, which nobody
        // owns, and may be closed.
        if unsafe { libc::dup2(file.as_raw_fd(), output) } == -1 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Which file something stands for.
pub(crate) type Identity = (libc::dev_t, libc::ino_t);

/// Returns which file a descriptor stands for, if it is open.
pub(crate) fn identity(descriptor: RawFd) -> Option<Identity> {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut status: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: the pointer is valid; a descriptor that is not open is an error.
    let result = unsafe { libc::fstat(descriptor, &mut status) };
    (result == 0).then_some((status.st_dev, status.st_ino))
}

/// Writes out what C's own files hold back.
pub(crate) fn flush_c() {
    // SAFETY: null means every file.
    unsafe { libc::fflush(ptr::null_mut()) };
}
