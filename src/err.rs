//! The exception that a panic becomes.

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

use crate::panic::{CaughtPanic, catch_call};

create_exception!(
    pyo3_aio,
    RustPanic,
    PyException,
    "A Rust future panicked: raised where Python awaits it. The text is the panic's, with its location in parentheses."
);

impl From<CaughtPanic> for PyErr {
    fn from(caught: CaughtPanic) -> Self {
        RustPanic::new_err(format!("rust future panicked: {}", caught.describe()))
    }
}

/// Calls a function, and turns its panic into a [`RustPanic`]; so too a PanicException that Python code raises, which
/// pyo3 makes a panic again when it fetches the error (`PyErr::take`).
#[inline]
pub(crate) fn catch_as_error<T>(function: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_call(function).unwrap_or_else(|caught| Err(caught.into()))
}
