//! The reservation of standard output on systems without Unix descriptors: it reserves nothing.

use std::io;

/// Reserves nothing here.
#[derive(Debug)]
pub(crate) struct StdoutReservation(());

impl StdoutReservation {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(()))
    }

    /// Does nothing here.
    pub(super) fn keep(self) {}
}
