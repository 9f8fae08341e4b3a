//! [`InitError`]: the runtime of the process exists already.

use std::fmt;

/// The error of `init` and its relatives: the runtime exists already, and goes on as it is.
///
/// The functions can be called for their effect alone, as those of pyo3-async-runtimes are.
#[derive(Debug)]
pub struct InitError(());

impl InitError {
    pub(crate) fn new() -> Self {
        Self(())
    }
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the runtime exists already: initialise it before anything is converted or spawned",
        )
    }
}

impl std::error::Error for InitError {}
