//! A runtime, as far as the bridge uses it: a table of functions, so that nothing above it is generic over runtimes.

use std::any::TypeId;
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;

use crate::bridge::lifecycle::fork::generation;
use crate::bridge::task::future::Driver;
use crate::instrument::Instrumentation;
use crate::panic::catch_call;
use crate::task_locals;

/// The functions of a runtime that the bridge calls.
pub(crate) struct RuntimeVtable {
    /// Starts a driver; the handle is dropped without ending it.
    pub(crate) spawn: fn(Driver),
    /// Calls a function inside the runtime's context.
    pub(crate) enter: fn(&mut dyn FnMut()),
    /// Fails where the runtime's threads were left behind by a fork.
    pub(crate) ensure_alive: fn() -> PyResult<()>,
    /// Fails where an event loop on a thread that polls a future keeps the runtime from polling others.
    pub(crate) ensure_unblocked: fn() -> PyResult<()>,
    /// Tells the runtime from others.
    pub(crate) runtime: fn() -> TypeId,
}

impl RuntimeVtable {
    /// Polls something for the first time: on this thread, inside the runtime's context and detached from Python.
    ///
    /// # Errors
    ///
    /// A panic, as a `RustPanic`; where the runtime's threads were left behind by a fork, an error that says so.
    #[inline]
    pub(crate) fn poll_first(
        &self,
        py: Python<'_>,
        instrumentation: &Instrumentation,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<()> + Send,
    ) -> PyResult<Poll<()>> {
        // In the child of a fork even a first poll may wait, for a thread that the runtime had in the parent.
        if generation() != 0 {
            (self.ensure_alive)()?;
        }
        let enter = self.enter;
        let polled = py.detach(|| {
            instrumentation.run(|| {
                catch_call(|| {
                    let mut cx = Context::from_waker(Waker::noop());
                    let mut polled = Poll::Pending;
                    task_locals::in_first_poll(|| enter(&mut || polled = poll(&mut cx)));
                    polled
                })
            })
        });
        polled.map_err(PyErr::from)
    }

    /// Drops a user's value inside the runtime's context, and survives its panic. Call it detached from Python.
    pub(crate) fn drop_inside(&self, instrumentation: &Instrumentation, value: impl Sized) {
        let mut value = Some(value);
        let dropped =
            instrumentation.run(|| catch_call(|| (self.enter)(&mut || drop(value.take()))));
        // The panic hook has printed a panic, and nobody awaits the value.
        drop(dropped);
    }
}
