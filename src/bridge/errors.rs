//! The errors that the bridge raises.

use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PySystemExit};
use pyo3::prelude::*;

/// Whether an error leaves the loop, instead of going to its exception handler: asyncio's rule (`Handle._run`).
pub(crate) fn leaves_the_loop(error: &PyErr, py: Python<'_>) -> bool {
    error.is_instance_of::<PyKeyboardInterrupt>(py) || error.is_instance_of::<PySystemExit>(py)
}

/// The error for work that needs a loop which is closed.
pub(crate) fn closed_error() -> PyErr {
    PyRuntimeError::new_err("Event loop is closed")
}

/// The error for what [`shutdown`](super::shutdown) ends while its loop goes on.
pub(crate) fn shutdown_error() -> PyErr {
    PyRuntimeError::new_err("pyo3_aio was shut down before this finished")
}

/// The error for what a fork has left with the parent process.
pub(crate) fn left_behind_error() -> PyErr {
    PyRuntimeError::new_err(
        "the Rust future was left behind by fork(), with the threads that run it",
    )
}
