//! The asynchronous generator around a Rust stream.

use std::sync::Arc;

use pyo3::prelude::*;

use super::anext::Anext;
use super::custody::Custody;
use super::ending::{End, Ending};
use super::source::Source;
use crate::bridge::Runner;
use crate::coroutine::thrown;
use crate::pending_error;

/// An asynchronous generator (`collections.abc.AsyncGenerator`) whose items come from a Rust stream.
#[pyclass(frozen, weakref, module = "pyo3_aio", name = "AsyncGenerator")]
pub(crate) struct RustGenerator {
    custody: Arc<Custody>,
}

impl RustGenerator {
    pub(crate) fn new(source: impl Source + 'static, runner: &'static Runner) -> Self {
        Self {
            custody: Arc::new(Custody::new(Box::new(source), runner)),
        }
    }

    pub(super) fn custody(&self) -> &Arc<Custody> {
        &self.custody
    }
}

#[pymethods]
impl RustGenerator {
    fn __aiter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __anext__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Anext>> {
        Anext::create(slf, None)
    }

    /// Asks for the next item. The stream has no use for the value.
    fn asend<'py>(slf: Bound<'py, Self>, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, Anext>> {
        Anext::create(slf, (!value.is_none()).then(|| value.unbind()))
    }

    /// Drops the stream and raises the exception.
    #[pyo3(signature = (kind, value=None, traceback=None, /))]
    fn athrow(
        slf: Bound<'_, Self>,
        kind: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Ending> {
        let error = thrown(kind, value, traceback)?;
        Ok(Ending::new(slf.unbind(), End::Throw(error)))
    }

    /// Drops the stream.
    fn aclose(slf: Bound<'_, Self>) -> Ending {
        Ending::new(slf.unbind(), End::Close)
    }

    #[getter]
    fn ag_running(&self) -> bool {
        self.custody.is_asked()
    }

    fn __repr__(&self) -> &'static str {
        "<AsyncGenerator of Rust>"
    }
}

impl Drop for RustGenerator {
    fn drop(&mut self) {
        Python::try_attach(|py| pending_error::keep(py, || self.custody.close(py, None)));
    }
}
