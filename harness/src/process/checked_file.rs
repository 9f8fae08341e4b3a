//! Files whose descriptors a test may close or replace.
//!
//! For code under test that closes a descriptor twice, the second time when its number belongs to the harness, or
//! that closes all descriptors as daemons do: the test's own failure is to be reported then, to the right file, and std
//! must not close somebody else's descriptor.

#![expect(
    unsafe_code,
    reason = "there is no safe way to ask what a descriptor stands for"
)]

use std::mem::{self, ManuallyDrop};
use std::ops::Deref;
use std::os::fd::{AsRawFd, RawFd};

/// Identifies a file: its device, and its number there.
pub(crate) type FileId = (libc::dev_t, libc::ino_t);

/// Returns the file that a descriptor stands for, if it is open.
pub(crate) fn file_id(descriptor: RawFd) -> Option<FileId> {
    // SAFETY: all-zero is a valid value of this plain C struct.
    let mut status: libc::stat = unsafe { mem::zeroed() };
    // SAFETY: the pointer is valid; a descriptor that is not open is an error.
    let result = unsafe { libc::fstat(descriptor, &mut status) };
    (result == 0).then_some((status.st_dev, status.st_ino))
}

/// A file that knows whether its descriptor still stands for it. If it does not, the descriptor is somebody
/// else's, and is not closed when this is dropped.
pub(crate) struct CheckedFile<F: AsRawFd> {
    file: ManuallyDrop<F>,
    id: Option<FileId>,
}

impl<F: AsRawFd> CheckedFile<F> {
    pub(crate) fn new(file: F) -> Self {
        Self {
            id: file_id(file.as_raw_fd()),
            file: ManuallyDrop::new(file),
        }
    }

    pub(crate) fn is_intact(&self) -> bool {
        self.is_same_file(self.file.as_raw_fd())
    }

    /// Says whether a descriptor stands for the same file.
    pub(crate) fn is_same_file(&self, descriptor: RawFd) -> bool {
        file_id(descriptor) == self.id
    }
}

impl<F: AsRawFd> Deref for CheckedFile<F> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.file
    }
}

impl<F: AsRawFd> Drop for CheckedFile<F> {
    fn drop(&mut self) {
        if self.is_intact() {
            // SAFETY: it is not used any more.
            unsafe { ManuallyDrop::drop(&mut self.file) };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::os::unix::net::UnixStream;

    use super::*;

    #[test]
    fn a_descriptor_that_stands_for_another_file_is_noticed_and_left_alone() {
        let guarded = CheckedFile::new(File::open("/dev/null").unwrap());
        let number = guarded.as_raw_fd();
        assert!(guarded.is_intact());
        let other = File::open("/dev/zero").unwrap();
        // SAFETY: both are open, and this test's.
        assert_eq!(unsafe { libc::dup2(other.as_raw_fd(), number) }, number);
        assert!(!guarded.is_intact());
        drop(guarded);
        assert_eq!(file_id(number), file_id(other.as_raw_fd()));
        // SAFETY: it is open, and this test's.
        unsafe { libc::close(number) };
    }

    #[test]
    fn a_file_is_closed_in_the_end() {
        let guarded = CheckedFile::new(UnixStream::pair().unwrap().0);
        let number = guarded.as_raw_fd();
        let before = file_id(number);
        drop(guarded);
        assert_ne!(file_id(number), before);
    }
}
