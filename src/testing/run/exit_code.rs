//! The exit codes of a test binary.

use libtest_async::Conclusion;

/// The exit code of libtest when tests failed (`ERROR_EXIT_CODE` in `library/test/src/lib.rs`).
pub(crate) const FAILED: u8 = 101;

/// The exit code that shells give a command that SIGINT has ended: 128 + 2.
pub(crate) const INTERRUPTED: u8 = 130;

/// Returns the exit code of tests that have run to their end.
pub(crate) fn of_conclusion(conclusion: &Conclusion) -> u8 {
    if conclusion.has_failed() { FAILED } else { 0 }
}
