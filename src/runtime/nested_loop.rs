//! The error for a thread of a runtime that would wait, within the poll of a future, for another future of that runtime.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// The error for a runtime that would wait for itself.
pub(crate) fn blocked(runtime: &str) -> PyErr {
    PyRuntimeError::new_err(format!(
        "{runtime} is polling a Rust future on this thread, and would wait for itself: call what waits, or runs an event \
         loop, on another thread"
    ))
}
