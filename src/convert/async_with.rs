//! Rust futures as the body of `async with`.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::python::async_with::async_with;

/// Makes the awaitable of the body, from the object that `__aenter__` has returned. It may be dropped by any thread that is
/// attached to Python.
pub(crate) type EnterBody = Box<dyn FnOnce(Bound<'_, PyAny>) -> PyResult<Py<PyAny>> + Send>;

/// The body, as a function that Python calls once, with the object that `__aenter__` has returned.
#[pyclass(frozen, module = "pyo3_aio", name = "AsyncWithBody")]
struct AsyncWithBody(Mutex<Option<EnterBody>>);

#[pymethods]
impl AsyncWithBody {
    fn __call__(&self, entered: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let body =
            body.ok_or_else(|| PyRuntimeError::new_err("the body of `async with` runs once"))?;
        body(entered)
    }
}

/// Returns a coroutine that runs the body within `async with`.
pub(crate) fn coroutine<'py>(
    manager: &Bound<'py, PyAny>,
    body: EnterBody,
) -> PyResult<Bound<'py, PyAny>> {
    let body = AsyncWithBody(Mutex::new(Some(body)));
    async_with(manager.py())?.call1((manager, body))
}
