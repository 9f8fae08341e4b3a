//! What the arguments of `#[test]` ask for.

use std::time::Duration;

/// The arguments of one test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) timeout: Option<Duration>,
    /// Whether no other test may run at the same time.
    pub(crate) serial: bool,
    /// The name of the loop, if not the one that the run has.
    pub(crate) event_loop: Option<&'static str>,
    /// The class of the exception that the test has to raise.
    pub(crate) raises: Option<&'static str>,
    pub(crate) tokio: TokioSettings,
}

/// The runtime that a test on tokio has, as `#[tokio::test]` makes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokioSettings {
    pub(crate) is_multi_thread: bool,
    /// As many as there are cores, if it is not said.
    pub(crate) worker_threads: Option<usize>,
    pub(crate) starts_paused: bool,
}

impl Settings {
    pub(crate) const fn new() -> Self {
        Self {
            timeout: None,
            serial: false,
            event_loop: None,
            raises: None,
            tokio: TokioSettings {
                is_multi_thread: false,
                worker_threads: None,
                starts_paused: false,
            },
        }
    }
}
