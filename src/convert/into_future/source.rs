//! The origin of a [`PyFuture`](crate::convert::into_future::PyFuture)'s task.

use pyo3::prelude::*;

use crate::convert::into_future::task::{cancel_unstarted, close_coroutine};
use crate::panic::catch_call;
use crate::python::exceptions::stash;
use crate::task_locals::TaskLocals;

/// The object or function that the loop's thread begins with.
pub(crate) enum Source {
    /// An awaitable, of which a task is made.
    Awaitable(Py<PyAny>),
    /// A function, which is called in the context of the locals.
    Call(LoopCall),
}

/// A function that the loop's thread calls. It returns an awaitable, of which a task is made, or none.
pub(crate) type LoopCall = Box<dyn FnOnce(Python<'_>) -> PyResult<Option<Py<PyAny>>> + Send>;

impl Source {
    /// Gives up what nobody waits for, on the loop's thread: a future is cancelled, a coroutine closed, a function dropped.
    pub(crate) fn abandon(self, py: Python<'_>, locals: &TaskLocals) -> PyResult<()> {
        match self {
            Self::Awaitable(awaitable) => cancel_unstarted(awaitable.bind(py), locals),
            Self::Call(call) => {
                py.detach(|| drop_call(call));
                Ok(())
            }
        }
    }

    /// Gives up what a closed loop leaves, on any thread.
    pub(crate) fn discard(self) {
        match self {
            Self::Awaitable(awaitable) => {
                Python::try_attach(|py| {
                    stash::call_without_exception(py, || close_coroutine(awaitable.bind(py)))
                });
            }
            Self::Call(call) => drop_call(call),
        }
    }
}

/// Drops a user's function. The panic hook has printed a panic of that, and nobody waits for the function.
pub(crate) fn drop_call(call: LoopCall) {
    drop(catch_call(|| drop(call)));
}
