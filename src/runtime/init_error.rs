//! The error of an initialisation that comes too late.

use std::fmt;

/// The runtime exists already, and goes on as it is.
///
/// Callers who do not mind may ignore it.
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
