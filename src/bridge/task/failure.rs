//! The reasons why a Rust future has ended without an output.

use std::pin::Pin;
use std::task::{Context, Poll};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::bridge::errors::shutdown_error;
use crate::bridge::task::erased::Work;
use crate::bridge::task::state::EndReason;
use crate::panic::CaughtPanic;
use crate::python::asyncio;

/// Stands in the future's place when that has been dropped; its output is an error.
pub(crate) enum Failure {
    /// A poll panicked.
    Panicked(CaughtPanic),
    /// Python asked for its end.
    Cancelled,
    /// The runtime dropped the driver.
    Aborted,
    /// The user has shut the bridge down.
    ShutDown,
}

impl From<EndReason> for Failure {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::Cancelled => Self::Cancelled,
            EndReason::ShutDown => Self::ShutDown,
        }
    }
}

impl Work for Failure {
    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn output(self: Pin<Box<Self>>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Err(match *Pin::into_inner(self) {
            Self::Panicked(caught) => caught.into(),
            Self::Cancelled => match asyncio::cancelled_error(py) {
                Ok(error) => PyErr::from_type(error.clone(), ()),
                Err(error) => error,
            },
            Self::Aborted => PyRuntimeError::new_err(
                "the Rust future was dropped before it finished: its runtime was shut down or aborted it",
            ),
            Self::ShutDown => shutdown_error(),
        })
    }
}
