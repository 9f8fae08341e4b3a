//! What a generator raises instead of what would be taken for its end.

use pyo3::exceptions::{PyRuntimeError, PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;

/// CPython's name for who raises what was thrown in.
pub(super) const THROWN: &str = "async generator";

/// PEP 479's and PEP 525's rule: StopIteration and StopAsyncIteration become the cause of a RuntimeError.
pub(super) fn raised(py: Python<'_>, who: &str, error: PyErr) -> PyErr {
    let kind = if error.is_instance_of::<PyStopIteration>(py) {
        "StopIteration"
    } else if error.is_instance_of::<PyStopAsyncIteration>(py) {
        "StopAsyncIteration"
    } else {
        return error;
    };
    let raised = PyRuntimeError::new_err(format!("{who} raised {kind}"));
    raised.set_cause(py, Some(error));
    raised
}
