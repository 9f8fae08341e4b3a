//! Settings of the tokio runtime of one test.

/// The arguments that `#[tokio::test]` takes, too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TokioSettings {
    pub(crate) is_multi_thread: bool,
    /// `None` stands for the number of cores.
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
