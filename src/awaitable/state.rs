//! What can have become of a future.

use std::sync::Arc;

use pyo3::exceptions::PyBaseException;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use super::callbacks::Callback;
use crate::asyncio;
use crate::bridge::Task;
use crate::raised;

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
    pub(super) exception: Exception,
    /// Somebody has seen the error, so it need not be reported when the future is dropped.
    pub(super) retrieved: bool,
}

#[derive(Default)]
pub(super) struct Cancelled {
    pub(super) message: Option<Py<PyAny>>,
    /// The exception to raise, where Rust returned one.
    pub(super) exception: Option<Exception>,
}

/// An exception that may be raised several times, each time with the traceback that it had at first: as with asyncio, so
/// that it does not collect those of all who look at it.
pub(super) struct Exception {
    pub(super) value: Py<PyBaseException>,
    traceback: Option<Py<PyAny>>,
}

/// What a look at the outcome raises.
pub(super) enum Raised {
    Failed(Exception),
    Cancelled(Cancelled),
}

impl Raised {
    pub(super) fn into_error(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Failed(exception) => exception.into_error(py),
            Self::Cancelled(cancelled) => cancelled.into_error(py),
        }
    }
}

impl Cancelled {
    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            message: self.message.as_ref().map(|message| message.clone_ref(py)),
            exception: self.exception.as_ref().map(|own| own.clone_ref(py)),
        }
    }

    pub(super) fn into_error(self, py: Python<'_>) -> PyErr {
        if let Some(exception) = self.exception {
            return exception.into_error(py);
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

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.message)?;
        match &self.exception {
            Some(exception) => exception.traverse(visit),
            None => Ok(()),
        }
    }
}

impl Exception {
    fn new(py: Python<'_>, error: PyErr) -> Self {
        let traceback = error.traceback(py);
        Self {
            traceback: traceback.map(|traceback| traceback.into_any().unbind()),
            value: error.into_value(py),
        }
    }

    pub(super) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            value: self.value.clone_ref(py),
            traceback: self.traceback.as_ref().map(|own| own.clone_ref(py)),
        }
    }

    fn into_error(self, py: Python<'_>) -> PyErr {
        let name = intern!(py, "with_traceback");
        match self.value.bind(py).call_method1(name, (self.traceback,)) {
            Ok(exception) => PyErr::from_value(exception),
            Err(error) => error,
        }
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.value)?;
        visit.call(&self.traceback)
    }
}

/// The state for an error that Rust has returned.
pub(super) fn returned_state(py: Python<'_>, error: PyErr) -> PyResult<State> {
    let error = raised::by_future(py, error);
    if !error.matches(py, asyncio::cancelled_error(py)?)? {
        return Ok(failed_state(py, error));
    }
    Ok(State::Cancelled(Cancelled {
        message: None,
        exception: Some(Exception::new(py, error)),
    }))
}

pub(super) fn failed_state(py: Python<'_>, error: PyErr) -> State {
    State::Failed(Failed {
        exception: Exception::new(py, error),
        retrieved: false,
    })
}
