//! What becomes of a runtime whose thread waits for another of its futures while it polls one.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// The error for a runtime that would wait for itself.
pub(crate) fn blocked(runtime: &str) -> PyErr {
    PyRuntimeError::new_err(format!(
        "{runtime} is polling a Rust future on this thread, and would wait for itself: call what waits, or runs an event \
         loop, on another thread"
    ))
}
