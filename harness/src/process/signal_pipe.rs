//! A pipe from a signal handler to a thread, which does what a handler must not.
//!
//! The pipe is kept for the life of the process. A handler may run on one thread while another restores the former
//! action: its write must not go to another file with the number of a closed pipe.

#![expect(
    unsafe_code,
    reason = "std has no such pipes, nor calls that a handler may make"
)]

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use crate::process::CheckedFile;

/// Both ends of a pipe, which tests may close or replace.
pub(super) struct SignalPipe {
    reader: CheckedFile<File>,
    writer: CheckedFile<File>,
}

impl SignalPipe {
    pub(super) fn new() -> Option<Self> {
        let mut ends = [-1; 2];
        // SAFETY: there is room for two descriptors.
        if unsafe { libc::pipe(ends.as_mut_ptr()) } != 0 {
            return None;
        }
        let [reader, writer] = ends.map(|end| {
            // SAFETY: the descriptor is open, and owned by nobody else. Processes that tests start
            // must not inherit it.
            let end = unsafe {
                libc::fcntl(end, libc::F_SETFD, libc::FD_CLOEXEC);
                OwnedFd::from_raw_fd(end)
            };
            CheckedFile::new(File::from(end))
        });
        Some(Self { reader, writer })
    }

    pub(super) fn is_intact(&self) -> bool {
        self.reader.is_intact() && self.writer.is_intact()
    }

    /// Ends one wait; `false` if a test has taken the pipe away. Does nothing but what a signal
    /// handler may do.
    pub(super) fn notify(&self) -> bool {
        let fd = self.writer.as_raw_fd();
        // SAFETY: one byte is readable, and the descriptor is that of the pipe.
        self.writer.is_intact() && unsafe { libc::write(fd, [0u8].as_ptr().cast(), 1) == 1 }
    }

    /// Waits for a signal; `false` if a test has taken the pipe away.
    pub(super) fn wait(&self) -> bool {
        while self.reader.is_intact() {
            match (&*self.reader).read(&mut [0]) {
                Ok(count) => return count == 1,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        false
    }
}
