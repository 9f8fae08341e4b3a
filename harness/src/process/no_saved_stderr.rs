//! Stands in where there are no workers.

pub(crate) use super::print_error as print_to_saved_stderr;

/// Would open standard error again.
pub(crate) fn reopen_stderr() {}

/// Says whether a test has pointed standard error at something else, which is not known here.
pub(crate) fn is_stderr_redirected() -> bool {
    false
}
