//! Children that tests fork, and that return from the test's body as if they were the parent.
//!
//! Tests of code that forks have such a child when an assertion fails there: the panic unwinds into the harness, which
//! would report this test, and all those after it, a second time.
//!
//! | process | event, on the test's thread | next |
//! | --- | --- | --- |
//! | the one that made the job | the body returns or panics | the end is reported |
//! | a forked child | the body returns or panics | it exits at once, with status 1 if the test has failed |

use std::process;

/// The process that reports the end of a test.
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

/// Exits without the parent's exit handlers, which are not the child's to run.
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
