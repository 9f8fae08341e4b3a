//! The error of an initialisation that comes too late.

use std::fmt;
use std::io;

/// A runtime was not set up as asked.
///
/// Callers who do not mind may ignore it.
#[derive(Debug)]
pub struct InitError(Kind);

#[derive(Debug)]
enum Kind {
    Exists,
    Thread(io::Error),
}

impl InitError {
    pub(crate) fn new() -> Self {
        Self(Kind::Exists)
    }

    pub(crate) fn thread(error: io::Error) -> Self {
        Self(Kind::Thread(error))
    }
}

impl fmt::Display for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Exists => f.write_str(
                "the runtime exists already: initialise it before anything is converted or spawned",
            ),
            Kind::Thread(_) => f.write_str("no thread to drive the runtime could be started"),
        }
    }
}

impl std::error::Error for InitError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Exists => None,
            Kind::Thread(error) => Some(error),
        }
    }
}
