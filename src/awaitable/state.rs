//! What can have become of a future.

use std::sync::Arc;

use pyo3::exceptions::{PyBaseException, PyRuntimeError, PyStopIteration};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use super::callbacks::Callback;
use crate::asyncio;
use crate::bridge::Task;

pub(super) enum State {
    Pending(Pending),
    Done(Py<PyAny>),
    Failed(Failed),
    Cancelled(Cancelled),
}

#[derive(Default)]
pub(super) struct Pending {
    pub(super) task: Option<Arc<Task>>,
    pub(super) callbacks: Vec<Callback>,
    /// A cancellation that the Rust future has still to follow.
    pub(super) cancelling: Option<Box<Cancelled>>,
}

pub(super) struct Failed {
    pub(super) error: Py<PyBaseException>,
    pub(super) traceback: Option<Py<PyAny>>,
    /// Somebody has seen the error, so it need not be reported when the future is dropped.
    pub(super) retrieved: bool,
}

#[derive(Default)]
pub(super) struct Cancelled {
    pub(super) message: Option<Py<PyAny>>,
    /// The exception to raise, where Rust returned one.
    pub(super) error: Option<Py<PyBaseException>>,
}

/// What a look at the outcome raises.
pub(super) enum Raised {
    Failed(Py<PyBaseException>, Option<Py<PyAny>>),
    Cancelled(Cancelled),
}

impl Raised {
    pub(super) fn into_error(self, py: Python<'_>) -> PyErr {
        match self {
            // As asyncio does, so that an exception that is raised twice does not collect both tracebacks.
            Self::Failed(error, traceback) => {
                match error
                    .bind(py)
                    .call_method1(intern!(py, "with_traceback"), (traceback,))
                {
                    Ok(error) => PyErr::from_value(error),
                    Err(error) => error,
                }
            }
            Self::Cancelled(cancelled) => cancelled.into_error(py),
        }
    }
}

impl Cancelled {
    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.message)?;
        visit.call(&self.error)
    }

    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            message: self.message.as_ref().map(|message| message.clone_ref(py)),
            error: self.error.as_ref().map(|error| error.clone_ref(py)),
        }
    }

    pub(super) fn into_error(self, py: Python<'_>) -> PyErr {
        if let Some(error) = self.error {
            return PyErr::from_value(error.into_bound(py).into_any());
        }
        let cancelled = match asyncio::cancelled_error(py) {
            Ok(cancelled) => cancelled.clone(),
            Err(error) => return error,
        };
        match self.message {
            Some(message) => PyErr::from_type(cancelled, (message,)),
            None => PyErr::from_type(cancelled, ()),
        }
    }
}

pub(super) fn failed_state(py: Python<'_>, error: PyErr) -> PyResult<State> {
    let error = refuse_stop_iteration(py, error);
    let is_cancelled = error.matches(py, asyncio::cancelled_error(py)?)?;
    let traceback = error
        .traceback(py)
        .map(|traceback| traceback.into_any().unbind());
    let error = error.into_value(py);
    if is_cancelled {
        return Ok(State::Cancelled(Cancelled {
            message: None,
            error: Some(error),
        }));
    }
    Ok(State::Failed(Failed {
        error,
        traceback,
        retrieved: false,
    }))
}

/// PEP 479's rule for coroutines: a StopIteration that leaves one is a programming error, not its result.
pub(crate) fn refuse_stop_iteration(py: Python<'_>, error: PyErr) -> PyErr {
    if !error.is_instance_of::<PyStopIteration>(py) {
        return error;
    }
    let raised = PyRuntimeError::new_err("the Rust future raised StopIteration");
    raised.set_cause(py, Some(error));
    raised
}
