//! What the arguments of `#[test]` ask for.

use std::time::Duration;

use crate::testing::runtimes::tokio_settings::TokioSettings;

/// The arguments of one test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TestSettings {
    pub(crate) timeout: Option<Duration>,
    /// Whether no other test may run at the same time.
    pub(crate) serial: bool,
    /// The name of the loop, if not the one that the run has.
    pub(crate) event_loop: Option<&'static str>,
    /// The class of the exception that the test has to raise.
    pub(crate) raises: Option<&'static str>,
    pub(crate) tokio: TokioSettings,
}

impl TestSettings {
    pub(crate) const fn new() -> Self {
        Self {
            timeout: None,
            serial: false,
            event_loop: None,
            raises: None,
            tokio: TokioSettings::new(),
        }
    }
}
