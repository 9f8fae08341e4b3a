//! Restores the standard streams of Python at the end of a test.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::testing::session::session::Session;

/// Flushes Python's standard streams and restores them at the end of a test, also if that panics.
pub(crate) struct StreamGuard {
    session: Arc<Session>,
    is_done: bool,
}

impl StreamGuard {
    pub(crate) fn new(session: &Arc<Session>) -> Self {
        Self {
            session: Arc::clone(session),
            is_done: false,
        }
    }

    /// Restores the streams, on the test's thread.
    pub(crate) fn restore(&mut self, py: Python<'_>) {
        self.is_done = true;
        let Some(streams) = self.session.streams() else {
            return;
        };
        if let Err(error) =
            streams.restore_after_test(py, || self.session.running_tests.is_at_most_one())
        {
            error.write_unraisable(py, None);
        }
    }
}

impl Drop for StreamGuard {
    fn drop(&mut self) {
        if !self.is_done {
            Python::attach(|py| self.restore(py));
        }
    }
}
