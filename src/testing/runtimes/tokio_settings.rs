//! Settings of the tokio runtime of one test.

/// The runtime that a test on tokio has, as `#[tokio::test]` makes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokioSettings {
    pub(crate) is_multi_thread: bool,
    /// As many as there are cores, if it is not said.
    pub(crate) worker_threads: Option<usize>,
    pub(crate) starts_paused: bool,
}

impl TokioSettings {
    pub(crate) const fn new() -> Self {
        Self {
            is_multi_thread: false,
            worker_threads: None,
            starts_paused: false,
        }
    }
}
