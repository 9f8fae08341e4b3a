//! Stands in for `sigint.rs` on systems other than Unix: every `KeyboardInterrupt` counts as Ctrl-C.

use pyo3::prelude::*;

pub(crate) struct Sigint;

impl Sigint {
    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(crate) fn watch(
        _py: Python<'_>,
        _when_stuck: impl FnOnce() + Send + 'static,
    ) -> PyResult<Self> {
        Ok(Self)
    }

    pub(crate) fn has_come(&self, _py: Python<'_>) -> bool {
        true
    }

    #[expect(clippy::unnecessary_wraps, reason = "as on Unix")]
    pub(crate) fn stop(self, _py: Python<'_>) -> PyResult<()> {
        Ok(())
    }
}
