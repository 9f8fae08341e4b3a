//! The origin of a [`PyFuture`](crate::convert::into_future::PyFuture)'s task.

use pyo3::prelude::*;

use crate::convert::into_future::task::cancel_unstarted;
use crate::panic::catch_call;
use crate::task_locals::TaskLocals;

/// The object or function that the loop's thread begins with.
pub(crate) enum Source {
    /// An awaitable, of which a task is made. The hub has it.
    Awaitable,
    /// A function, which is called in the context of the locals.
    Call(LoopCall),
}

/// A function that the loop's thread calls. It returns an awaitable, of which a task is made, or none.
pub(crate) type LoopCall = Box<dyn FnOnce(Python<'_>) -> PyResult<Option<Py<PyAny>>> + Send>;

impl Source {
    /// Gives up what nobody waits for, on the loop's thread: a future is cancelled, a coroutine closed, a function dropped.
    /// `awaitable` is the one that the hub had, if it still had one.
    pub(crate) fn abandon(
        self,
        awaitable: Option<Py<PyAny>>,
        locals: &TaskLocals,
        py: Python<'_>,
    ) -> PyResult<()> {
        match (self, awaitable) {
            (Self::Call(call), _) => py.detach(|| drop_call(call)),
            (Self::Awaitable, Some(awaitable)) => cancel_unstarted(awaitable.bind(py), locals)?,
            (Self::Awaitable, None) => {}
        }
        Ok(())
    }
}

/// Drops a user's function. The panic hook has printed a panic of that, and nobody waits for the function.
pub(crate) fn drop_call(call: LoopCall) {
    drop(catch_call(|| drop(call)));
}
