//! Stands in where there are no signals.

/// Would print what a test that aborts has printed.
pub(crate) enum AbortGuard {}

impl AbortGuard {
    pub(crate) fn new() -> Option<Self> {
        None
    }
}
