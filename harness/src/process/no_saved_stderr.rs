//! The saved standard error on systems without worker processes: there is none.

pub(crate) use super::print_error as print_to_saved_stderr;

/// Does nothing here.
pub(crate) fn reopen_stderr() {}

/// Returns `false`: it is not known here whether a test has redirected standard error.
pub(crate) fn is_stderr_redirected() -> bool {
    false
}
