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

    /// Says whether this process is a child that was forked from that one: the end of the test is its parent's to report,
    /// and so are the tests after it.
    pub(crate) fn is_forked(&self) -> bool {
        process::id() != self.0
    }
}

/// Ends a forked child whose test has ended.
pub(crate) fn exit_forked(has_failed: bool) -> ! {
    end(i32::from(has_failed))
}

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
