//! Children that tests fork, and that come back from the test as if they were the parent.

use std::process;

/// The process that reports what becomes of tests.
pub(crate) struct ReportingProcess(u32);

impl ReportingProcess {
    /// Returns the current process.
    pub(crate) fn new() -> Self {
        Self(process::id())
    }

    /// Ends a child that was forked from this process: the end of the test is its parent's to report,
    /// and so are the tests after it.
    pub(crate) fn exit_if_forked(&self, has_failed: bool) {
        if process::id() != self.0 {
            end(i32::from(has_failed));
        }
    }
}

/// Runs nothing of what the parent has for its exit.
#[cfg(unix)]
#[expect(unsafe_code, reason = "std cannot end a process at once")]
fn end(status: i32) -> ! {
    // SAFETY: this ends the process, which is what is wanted here.
    unsafe { libc::_exit(status) }
}

#[cfg(not(unix))]
fn end(status: i32) -> ! {
    process::exit(status)
}
