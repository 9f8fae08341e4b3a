//! The states of a future, as those of `asyncio.Future`. Their transitions: [`future`](super::future).

use std::sync::Arc;

use pyo3::exceptions::PyBaseException;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::Task;
use crate::convert::future_into_py::callbacks::Callback;
use crate::python::asyncio;
use crate::python::exceptions::pep479;

pub(crate) enum State {
    Pending(Pending),
    Done(Py<PyAny>),
    Failed(Failed),
    Cancelled(Cancelled),
}

#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) task: Option<Arc<Task>>,
    pub(crate) callbacks: Vec<Callback>,
    /// The cancellation that the future ends with when the Rust future has been dropped ([`CancelPolicy::AfterDrop`]).
    ///
    /// [`CancelPolicy::AfterDrop`]: super::CancelPolicy::AfterDrop
    pub(crate) cancelling: Option<Box<Cancelled>>,
}

pub(crate) struct Failed {
    pub(crate) exception: Exception,
    /// Somebody has looked at the exception, so that the drop does not report it (`__log_traceback` in asyncio).
    pub(crate) retrieved: bool,
}

#[derive(Default)]
pub(crate) struct Cancelled {
    pub(crate) message: Option<Py<PyAny>>,
    /// The CancelledError that Rust has returned, if it has. Otherwise one is made with the message.
    pub(crate) exception: Option<Exception>,
}

/// An exception that may be raised several times, each time with the traceback that it had at first, as in
/// `Future.result` of asyncio. Otherwise it would collect the tracebacks of all who raise it.
pub(crate) struct Exception {
    pub(crate) value: Py<PyBaseException>,
    traceback: Option<Py<PyAny>>,
}

/// An outcome that is raised, taken out of the lock: making an error of it runs Python code.
pub(crate) enum OutcomeError {
    Failed(Exception),
    Cancelled(Cancelled),
}

impl OutcomeError {
    pub(crate) fn into_error(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Failed(exception) => exception.into_error(py),
            Self::Cancelled(cancelled) => cancelled.into_error(py),
        }
    }
}

impl Cancelled {
    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            message: self.message.as_ref().map(|message| message.clone_ref(py)),
            exception: self.exception.as_ref().map(|own| own.clone_ref(py)),
        }
    }

    pub(crate) fn into_error(self, py: Python<'_>) -> PyErr {
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

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
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

    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
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

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.value)?;
        visit.call(&self.traceback)
    }
}

/// Makes the state for an error that Rust has returned.
pub(crate) fn returned_state(py: Python<'_>, error: PyErr) -> PyResult<State> {
    let error = pep479::replace_stop_of_future(py, error);
    if !error.matches(py, asyncio::cancelled_error(py)?)? {
        return Ok(failed_state(py, error));
    }
    Ok(State::Cancelled(Cancelled {
        message: None,
        exception: Some(Exception::new(py, error)),
    }))
}

pub(crate) fn failed_state(py: Python<'_>, error: PyErr) -> State {
    State::Failed(Failed {
        exception: Exception::new(py, error),
        retrieved: false,
    })
}
