//! Stands in where no function is told of the status that the process exits with.

/// Would note that a run is under way.
pub(crate) struct ExitGuard;

impl ExitGuard {
    pub(crate) fn new(_: impl Fn() -> Vec<String> + Send + 'static) -> Self {
        Self
    }
}
