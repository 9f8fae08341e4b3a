//! One step of an object that Python awaits.

use pyo3::exceptions::PyStopIteration;
use pyo3::intern;
use pyo3::prelude::*;

use crate::err::catch_as_error;

/// The outcome of a step that did not raise (`PySendResult` in CPython's `Include/object.h`).
pub(crate) enum Step {
    /// The object is suspended; the value goes to the event loop.
    Yielded(Py<PyAny>),
    /// The object is finished; the value goes to whoever awaits it.
    Returned(Py<PyAny>),
}

impl Step {
    /// Makes the result of `send`, `throw` or `__next__`: the end is raised as StopIteration.
    pub(crate) fn into_result(self) -> PyResult<Py<PyAny>> {
        match self {
            Self::Yielded(value) => Ok(value),
            Self::Returned(value) => Err(PyStopIteration::new_err((value,))),
        }
    }

    /// Makes a step of the result of `send`, `throw` or `__next__`: a StopIteration is the end.
    ///
    /// # Errors
    ///
    /// Any other error of the method.
    pub(crate) fn from_result(
        py: Python<'_>,
        result: PyResult<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        match result {
            Ok(yielded) => Ok(Self::Yielded(yielded.unbind())),
            Err(error) if error.is_instance_of::<PyStopIteration>(py) => {
                let value = error.value(py).getattr(intern!(py, "value"))?;
                Ok(Self::Returned(value.unbind()))
            }
            Err(error) => Err(error),
        }
    }
}

/// Steps an object in one of its Python methods; a panic is raised as a `RustPanic`.
pub(crate) fn step_in_method(step: impl FnOnce() -> PyResult<Step>) -> PyResult<Py<PyAny>> {
    catch_as_error(step)?.into_result()
}
