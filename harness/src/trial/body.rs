//! The code of a trial, and its settings.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::cancellation::Cancellation;
use super::failed::{Completion, Failed, Measurement};

/// The future of a test, as [`Trial::with_block_on`](crate::Trial::with_block_on) gets it: it keeps its result for the
/// harness and returns nothing. It stays on the thread of its test.
pub type TestFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Polls the future of a trial to its end.
pub(crate) type BlockOn = Arc<dyn Fn(TestFuture) -> Result<(), Failed> + Send + Sync>;

/// The return types of the function of [`Trial::with_block_on`](crate::Trial::with_block_on).
///
/// An `Err` fails the test, for an error of its runtime after the test, in addition to an error of the test itself.
///
/// It is implemented for `()` and `Result<(), Failed>`, and cannot be implemented for other types.
pub trait BlockOnOutput: Sealed {}

impl BlockOnOutput for () {}

impl BlockOnOutput for Result<(), Failed> {}

pub trait Sealed {
    /// Converts the value into a result.
    fn into_result(self) -> Result<(), Failed>;
}

impl Sealed for () {
    fn into_result(self) -> Result<(), Failed> {
        Ok(())
    }
}

impl Sealed for Result<(), Failed> {
    fn into_result(self) -> Self {
        self
    }
}

/// Describes what a test is doing.
pub(crate) type Describe = Arc<dyn Fn() -> String + Send + Sync>;

/// The end of a body that did not fail.
pub(crate) enum Done {
    Passed,
    Skipped { reason: Option<String> },
    Measured(Measurement),
}

/// The result of a body.
pub(crate) type Verdict = Result<Done, Failed>;

/// The code of a trial.
pub(crate) enum Body {
    /// Called on the trial's thread. Returns `None` if the trial was cancelled.
    InProcess(Box<dyn FnOnce(BodyArguments) -> Option<Verdict> + Send>),
    /// Runs in a worker process, which has made a trial of this name itself.
    InWorker,
}

/// The arguments of a body.
pub(crate) struct BodyArguments {
    /// Whether a benchmark is to run only once, unmeasured.
    pub(crate) once: bool,
    pub(crate) cancellation: Arc<Cancellation>,
    pub(crate) block_on: Option<BlockOn>,
    /// Returns what the body of an async trial is to await after the test, and before its runtime ends.
    pub(crate) close: fn() -> Option<TestFuture>,
}

/// Makes a body anew.
pub(crate) type Remake = Arc<dyn Fn() -> Body + Send + Sync>;

/// The settings of a trial that all of its attempts share.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) timeout: Option<Duration>,
    pub(crate) describe: Option<Describe>,
    /// Polls the futures of an async trial, in place of this crate's own `block_on`.
    pub(crate) block_on: Option<BlockOn>,
    /// Present if the trial can run more than once.
    pub(crate) remake: Option<Remake>,
}

impl Options {
    /// Says whether there are no functions of the user's.
    pub(crate) fn is_empty(&self) -> bool {
        self.describe.is_none() && self.block_on.is_none() && self.remake.is_none()
    }
}

/// Converts the public result of a body.
pub(crate) fn done(completion: Completion) -> Done {
    match completion {
        Completion::Completed => Done::Passed,
        Completion::Ignored { reason } => Done::Skipped { reason },
    }
}
