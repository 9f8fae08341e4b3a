//! One step of something that Python awaits.

use pyo3::exceptions::PyStopIteration;
use pyo3::intern;
use pyo3::prelude::*;

use crate::err::catch_as_error;

/// How a step of a coroutine, or of a future's iterator, ended if it did not raise.
pub(crate) enum Step {
    Yielded(Py<PyAny>),
    Returned(Py<PyAny>),
}

impl Step {
    /// What a method of Python's returns for it: an end is raised as StopIteration.
    pub(crate) fn into_result(self) -> PyResult<Py<PyAny>> {
        match self {
            Self::Yielded(value) => Ok(value),
            Self::Returned(value) => Err(PyStopIteration::new_err((value,))),
        }
    }

    /// The step that a method of Python's has made, whose end is a StopIteration.
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

/// Steps an object for one of its methods; a panic is raised as a `RustPanic`.
pub(crate) fn step_in_method(step: impl FnOnce() -> PyResult<Step>) -> PyResult<Py<PyAny>> {
    catch_as_error(step)?.into_result()
}
