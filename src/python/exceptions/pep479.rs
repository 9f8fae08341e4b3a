//! Replacements for exceptions that would be taken for the end of an iterator.
//!
//! PEP 479 (StopIteration) and PEP 525 (StopAsyncIteration): when the code of a coroutine or of a generator raises such an
//! exception, that is an error of the code. It becomes a RuntimeError, whose cause it is.

use pyo3::exceptions::{PyRuntimeError, PyStopAsyncIteration, PyStopIteration};
use pyo3::prelude::*;

use crate::python::exceptions::of_cpython;

/// Replaces a StopIteration that a Rust future has returned as its error.
pub(crate) fn replace_stop_of_future(py: Python<'_>, error: PyErr) -> PyErr {
    replace_stop_iteration(py, "the Rust future", error)
}

/// Replaces a StopIteration or StopAsyncIteration that a Rust stream has returned as its error.
pub(crate) fn replace_stop_of_stream(py: Python<'_>, error: PyErr) -> PyErr {
    let raiser = "the Rust stream";
    if error.is_instance_of::<PyStopAsyncIteration>(py) {
        return replacement(py, raiser, "StopAsyncIteration", error);
    }
    replace_stop_iteration(py, raiser, error)
}

/// Replaces a StopIteration that was thrown into a coroutine, as CPython does.
pub(crate) fn replace_stop_of_coroutine(py: Python<'_>, error: PyErr) -> PyErr {
    if error.is_instance_of::<PyStopIteration>(py) {
        return of_cpython::stop_in_coroutine(py, error);
    }
    error
}

/// Replaces a StopIteration or StopAsyncIteration that was thrown into an asynchronous generator, as CPython does.
pub(crate) fn replace_stop_of_generator(py: Python<'_>, error: PyErr) -> PyErr {
    let is_stop = error.is_instance_of::<PyStopIteration>(py)
        || error.is_instance_of::<PyStopAsyncIteration>(py);
    if is_stop {
        return of_cpython::stop_in_generator(py, error);
    }
    error
}

fn replace_stop_iteration(py: Python<'_>, raiser: &str, error: PyErr) -> PyErr {
    if error.is_instance_of::<PyStopIteration>(py) {
        return replacement(py, raiser, "StopIteration", error);
    }
    error
}

fn replacement(py: Python<'_>, raiser: &str, kind: &str, error: PyErr) -> PyErr {
    let replacement = PyRuntimeError::new_err(format!("{raiser} raised {kind}"));
    with_cause(py, replacement, error)
}

/// Sets the cause of an error, as `raise error from cause` does.
pub(crate) fn with_cause(py: Python<'_>, error: PyErr, cause: PyErr) -> PyErr {
    error.set_cause(py, Some(cause));
    error
}
