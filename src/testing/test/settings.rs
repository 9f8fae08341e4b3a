//! The arguments of the attribute `test`.

use std::time::Duration;

use crate::testing::python::event_loops::LoopChoice;
use crate::testing::runtimes::tokio_settings::TokioSettings;

/// The arguments of the attribute of one test.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TestSettings {
    pub(crate) timeout: Option<Duration>,
    /// Whether no other test runs at the same time.
    pub(crate) serial: bool,
    pub(crate) event_loop: LoopChoice,
    /// The name of the class of the exception that the test has to raise, with or without its module.
    pub(crate) raises: Option<&'static str>,
    /// The tags, by which `--tag` selects.
    pub(crate) tags: &'static [&'static str],
    /// Goes before `--retries`.
    pub(crate) retries: Option<u32>,
    pub(crate) expected_failure: Option<ExpectedFailure>,
    /// The limit of `--ensure-time`.
    pub(crate) max_time: Option<Duration>,
    pub(crate) tokio: TokioSettings,
}

/// The argument `xfail`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExpectedFailure {
    /// Empty if none is given.
    pub(crate) reason: &'static str,
    /// Whether a pass is a failure.
    pub(crate) is_strict: bool,
}

impl TestSettings {
    pub(crate) const fn new() -> Self {
        Self {
            timeout: None,
            serial: false,
            event_loop: LoopChoice::MAIN,
            raises: None,
            tags: &[],
            retries: None,
            expected_failure: None,
            max_time: None,
            tokio: TokioSettings::new(),
        }
    }
}
