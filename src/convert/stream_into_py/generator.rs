//! The asynchronous generator around a Rust stream.

use std::sync::Arc;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::bridge::Runner;
use crate::convert::stream_into_py::anext::Anext;
use crate::convert::stream_into_py::asyncgen_hooks::AsyncgenHooks;
use crate::convert::stream_into_py::athrow::{Athrow, GeneratorEnd};
use crate::convert::stream_into_py::source::Source;
use crate::convert::stream_into_py::stream_slot::StreamSlot;
use crate::instrument::Surroundings;
use crate::python::exceptions::stash;
use crate::python::exceptions::throw_arguments::exception_from;

/// CPython's name for who raises what was thrown in.
pub(crate) const THROWN: &str = "async generator";

/// An asynchronous generator (`collections.abc.AsyncGenerator`) whose items come from a Rust stream.
#[pyclass(frozen, weakref, module = "pyo3_aio", name = "AsyncGenerator")]
pub(crate) struct RustGenerator {
    slot: Arc<StreamSlot>,
    hooks: AsyncgenHooks,
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

    fn first(slf: &Bound<'_, Self>) -> PyResult<()> {
        slf.get().hooks.call_firstiter(slf)
    }

    pub(crate) fn slot(&self) -> &Arc<StreamSlot> {
        &self.slot
    }
}

#[pymethods]
impl RustGenerator {
    fn __aiter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __anext__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Anext>> {
        Self::first(&slf)?;
        Anext::create(slf, None)
    }

    /// Asks for the next item. The stream has no use for the value.
    fn asend<'py>(slf: Bound<'py, Self>, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, Anext>> {
        Self::first(&slf)?;
        Anext::create(slf, (!value.is_none()).then(|| value.unbind()))
    }

    /// Drops the stream and raises the exception.
    #[pyo3(signature = (kind, value=None, traceback=None, /))]
    fn athrow(
        slf: Bound<'_, Self>,
        kind: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Athrow> {
        Self::first(&slf)?;
        let error = exception_from(kind, value, traceback)?;
        let end = GeneratorEnd::Throw(error.into_value(slf.py()));
        Ok(Athrow::new(slf.unbind(), end))
    }

    /// Drops the stream.
    fn aclose(slf: Bound<'_, Self>) -> PyResult<Athrow> {
        Self::first(&slf)?;
        Ok(Athrow::new(slf.unbind(), GeneratorEnd::Close))
    }

    #[getter]
    fn ag_running(&self) -> bool {
        self.slot.is_running()
    }

    fn __repr__(&self) -> &'static str {
        "<AsyncGenerator of Rust>"
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.hooks.traverse(&visit)
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
                    self.hooks.call_finalizer(py, || self.resurrect());
                }
            });
        });
    }
}
