//! Changes to the standard files of a process.

#![expect(unsafe_code, reason = "there are no safe ways to C's own files")]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};

use crate::process::CheckedFile;

/// Makes `file` the standard input of this process, and of those that it starts.
pub(crate) fn replace_stdin(file: &File) -> io::Result<()> {
    point(libc::STDIN_FILENO, file)
}

/// Points one of the three standard descriptors, which may be closed, at `file`.
pub(crate) fn point(standard: RawFd, file: &impl AsRawFd) -> io::Result<()> {
    // SAFETY: the file is open; the other descriptor is one of the standard ones, which nobody owns.
    match unsafe { libc::dup2(file.as_raw_fd(), standard) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Makes `file` the standard output and the standard error of this process, where it is not that
/// already.
pub(crate) fn restore_outputs(file: &CheckedFile<File>) -> io::Result<()> {
    for output in [libc::STDOUT_FILENO, libc::STDERR_FILENO] {
        if !file.is_same_file(output) {
            point(output, &**file)?;
        }
    }
    Ok(())
}

/// Writes out what C's standard output holds back.
///
/// The other files are left alone: a thread may have one locked while it waits for input, and a flush of all files would
/// wait for that lock, and keep the process from its end.
pub(crate) fn flush_c() {
    // SAFETY: the file is one of C's own, or null, which means all of them.
    unsafe { libc::fflush(c_stdout()) };
}

#[cfg(any(target_os = "linux", target_vendor = "apple"))]
fn c_stdout() -> *mut libc::FILE {
    unsafe extern "C" {
        #[cfg_attr(target_vendor = "apple", link_name = "__stdoutp")]
        static mut stdout: *mut libc::FILE;
    }
    // SAFETY: C's library sets the variable before `main`.
    unsafe { stdout }
}

/// Returns null where C's standard output has no symbol of its own.
#[cfg(not(any(target_os = "linux", target_vendor = "apple")))]
fn c_stdout() -> *mut libc::FILE {
    std::ptr::null_mut()
}

/// Waits until `file`, which does not block, takes more.
pub(crate) fn await_writable(file: &File) -> io::Result<()> {
    let mut wanted = libc::pollfd {
        fd: file.as_raw_fd(),
        events: libc::POLLOUT,
        revents: 0,
    };
    // SAFETY: this points to one such struct.
    match unsafe { libc::poll(&mut wanted, 1, -1) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
