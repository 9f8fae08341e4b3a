//! The asynchronous generator around a Rust stream, and its end.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::bridge::RuntimeVtable;
use crate::convert::stream_into_py::asyncgen_hooks::AsyncgenHooks;
use crate::convert::stream_into_py::source::Source;
use crate::convert::stream_into_py::stream_slot::StreamSlot;
use crate::instrument::Instrumentation;
use crate::python::exceptions::stash;

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
        vtable: &'static RuntimeVtable,
    ) -> Self {
        let instrumentation = Instrumentation::current(py);
        Self {
            slot: Arc::new(StreamSlot::new(Box::new(source), vtable, instrumentation)),
            hooks: AsyncgenHooks::default(),
        }
    }

    /// Makes another object for the same stream, which the finalizer hook gets. CPython resurrects the object that is being
    /// collected, which pyo3 cannot.
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
                // The stream is dropped now, whatever the hook does with the other object.
                self.slot.close(py, None);
                if !was_closed {
                    self.hooks
                        .call_finalizer(py, || Ok(Bound::new(py, self.resurrect())?.into_any()));
                }
            });
        });
    }
}
