//! What is raised instead of an exception that would be taken for an end.
//!
//! The rules are those of PEP 479 and PEP 525: such an exception is a programming error, and not a result.

use pyo3::exceptions::{PyRuntimeError, PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;

/// What a Rust future raises that returns an error.
pub(crate) fn replace_stop_of_future(py: Python<'_>, error: PyErr) -> PyErr {
    instead_of_stop_iteration(py, "the Rust future", error)
}

/// What a generator raises, whose own end is StopAsyncIteration.
pub(crate) fn replace_stop_of_generator(py: Python<'_>, who: &str, error: PyErr) -> PyErr {
    if error.is_instance_of::<PyStopAsyncIteration>(py) {
        return instead(py, who, "StopAsyncIteration", error);
    }
    instead_of_stop_iteration(py, who, error)
}

fn instead_of_stop_iteration(py: Python<'_>, who: &str, error: PyErr) -> PyErr {
    if error.is_instance_of::<PyStopIteration>(py) {
        return instead(py, who, "StopIteration", error);
    }
    error
}

fn instead(py: Python<'_>, who: &str, kind: &str, error: PyErr) -> PyErr {
    let instead = PyRuntimeError::new_err(format!("{who} raised {kind}"));
    with_cause(py, instead, error)
}

/// `raise error from cause`.
pub(crate) fn with_cause(py: Python<'_>, error: PyErr, cause: PyErr) -> PyErr {
    error.set_cause(py, Some(cause));
    error
}
