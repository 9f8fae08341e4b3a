//! The asynchronous generator around a Rust stream.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::bridge::Runner;
use crate::convert::stream_into_py::asyncgen_hooks::AsyncgenHooks;
use crate::convert::stream_into_py::source::Source;
use crate::convert::stream_into_py::stream_slot::StreamSlot;
use crate::instrument::Surroundings;
use crate::python::exceptions::stash;

/// CPython's name for who raises what was thrown in.
pub(crate) const THROWN: &str = "async generator";

/// An asynchronous generator (`collections.abc.AsyncGenerator`) whose items come from a Rust stream.
#[pyclass(frozen, weakref, module = "pyo3_aio", name = "AsyncGenerator")]
pub(crate) struct RustGenerator {
    slot: Arc<StreamSlot>,
    pub(crate) hooks: AsyncgenHooks,
}

impl RustGenerator {
    pub(crate) fn new(
        py: Python<'_>,
        source: impl Source + 'static,
        runner: &'static Runner,
    ) -> Self {
        let surroundings = Surroundings::current(py);
        Self {
            slot: Arc::new(StreamSlot::new(Box::new(source), runner, surroundings)),
            hooks: AsyncgenHooks::default(),
        }
    }

    /// Another object for the same stream. The one that is collected cannot be brought back to life, as CPython does.
    fn resurrect(&self) -> Self {
        Self {
            slot: Arc::clone(&self.slot),
            hooks: AsyncgenHooks::finalized(),
        }
    }

    pub(crate) fn slot(&self) -> &Arc<StreamSlot> {
        &self.slot
    }
}

impl Drop for RustGenerator {
    fn drop(&mut self) {
        Python::try_attach(|py| {
            stash::call_without_exception(py, || {
                let was_closed = self.slot.is_closed();
                // At once, whatever the hook does with it.
                self.slot.close(py, None);
                if !was_closed {
                    self.hooks
                        .call_finalizer(py, || Ok(Bound::new(py, self.resurrect())?.into_any()));
                }
            });
        });
    }
}
