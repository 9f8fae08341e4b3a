//! Why a Rust future has ended without an output.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use super::errors::shutdown_error;
use crate::asyncio;
use crate::caught::Caught;

pub(super) enum Failure {
    Panicked(Caught),
    Cancelled,
    /// The runtime dropped the driver.
    Aborted,
    /// The user has shut the bridge down.
    ShutDown,
}

impl Failure {
    pub(super) fn into_error(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Panicked(caught) => caught.into(),
            Self::Cancelled => match asyncio::cancelled_error(py) {
                Ok(error) => PyErr::from_type(error.clone(), ()),
                Err(error) => error,
            },
            Self::Aborted => PyRuntimeError::new_err(
                "the Rust future was dropped before it finished: its runtime was shut down or aborted it",
            ),
            Self::ShutDown => shutdown_error(),
        }
    }
}
