//! Worker processes whose descriptors a test has closed, or put others in the place of.

#![expect(unsafe_code, reason = "std cannot end a process at once")]

use std::os::fd::AsRawFd;
use std::process;
use std::thread;
use std::time::Duration;

use crate::capture::stdio::{self, Identity};

/// The exit code that says so.
pub(super) const CODE: i32 = 122;
/// What it says.
pub(super) const REASON: &str =
    "the test closed or replaced file descriptors that its worker process needs";
/// What the parent says where it does not understand the worker.
pub(super) const DISTURBED: &str =
    "the test wrote to file descriptors that its worker process needs";

/// A worker that ends by itself has this long.
const PATIENCE: Duration = Duration::from_secs(5);

/// A file, and a way to know whether its descriptor still stands for it.
pub(super) struct Guarded<F> {
    pub(super) file: F,
    identity: Option<Identity>,
}

impl<F: AsRawFd> Guarded<F> {
    pub(super) fn new(file: F) -> Self {
        Self {
            identity: stdio::identity(file.as_raw_fd()),
            file,
        }
    }

    pub(super) fn is_intact(&self) -> bool {
        stdio::identity(self.file.as_raw_fd()) == self.identity
    }
}

/// Ends a worker that cannot say any more how its tests ended.
///
/// As long as it is there the parent cannot know that: its own thread that waits for calls keeps the
/// socket open.
pub(super) fn end() -> ! {
    let _ = thread::Builder::new().spawn(|| {
        thread::sleep(PATIENCE);
        // SAFETY: this ends the process at once, which is what is wanted when nothing else does.
        unsafe { libc::_exit(CODE) };
    });
    process::exit(CODE)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_descriptor_that_stands_for_another_file_is_noticed() {
        let file = File::open("/dev/null").unwrap();
        let number = file.as_raw_fd();
        let guarded = Guarded::new(file);
        assert!(guarded.is_intact());
        let other = File::open("/dev/zero").unwrap();
        // SAFETY: both are open, and this test's.
        assert_eq!(unsafe { libc::dup2(other.as_raw_fd(), number) }, number);
        assert!(!guarded.is_intact());
    }
}
