//! Stands in where standard output cannot be kept for a report.

use std::io;

/// Would keep standard output for reports.
#[derive(Debug)]
pub(crate) struct StdoutReservation(());

impl StdoutReservation {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self(()))
    }

    /// Would keep standard output reserved until the process ends.
    pub(super) fn keep(self) {}
}
