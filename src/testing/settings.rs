//! What the arguments of `#[test]` ask for.

use std::time::Duration;

/// The arguments of one test.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Settings {
    pub(super) timeout: Option<Duration>,
    /// Whether no other test may run at the same time.
    pub(super) serial: bool,
    /// The name of the loop, if not the one that the run has.
    pub(super) event_loop: Option<&'static str>,
    /// The class of the exception that the test has to raise.
    pub(super) raises: Option<&'static str>,
}

impl Settings {
    pub(super) const fn new() -> Self {
        Self {
            timeout: None,
            serial: false,
            event_loop: None,
            raises: None,
        }
    }
}
