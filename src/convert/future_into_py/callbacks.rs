//! Calls what waits for a future.

use std::sync::Arc;
use std::vec::IntoIter;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

use crate::bridge::{Deliver, Place, hub_of, leaves_the_loop};
use crate::convert::future_into_py::future::RustFuture;
use crate::err::catch_as_error;
use crate::python::asyncio;
use crate::python::contextvars;

pub(crate) struct Callback {
    function: Py<PyAny>,
    context: Py<PyAny>,
    /// It could not be called before, as its context was in use.
    is_retry: bool,
}

impl Callback {
    pub(crate) fn new(function: Py<PyAny>, context: Py<PyAny>) -> Self {
        Self {
            function,
            context,
            is_retry: false,
        }
    }

    pub(crate) fn function(&self) -> &Py<PyAny> {
        &self.function
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.function)?;
        visit.call(&self.context)
    }
}

/// Who settles the future, which decides how its callbacks may run.
#[derive(Clone, Copy)]
pub(crate) enum Settler {
    Drain,
    Step,
}

/// Runs the first callback; the others come next in the turn of `place`, where a loop that the first one runs within
/// itself finds them.
pub(crate) fn run_callbacks(
    future: &Bound<'_, RustFuture>,
    mut callbacks: IntoIter<Callback>,
    place: Place,
) -> PyResult<()> {
    let Some(mut callback) = callbacks.next() else {
        return Ok(());
    };
    if callbacks.len() > 0 {
        deliver_next(future, callbacks, place)?;
    }
    match call(future, &callback) {
        Err(_) if !callback.is_retry => {
            callback.is_retry = true;
            schedule(future, vec![callback])
        }
        Err(error) => report(future, error),
        Ok(Err(error)) if !leaves_the_loop(&error, future.py()) => report(future, error),
        Ok(called) => called,
    }
}

fn deliver_next(
    future: &Bound<'_, RustFuture>,
    callbacks: IntoIter<Callback>,
    place: Place,
) -> PyResult<()> {
    match hub_of(future.get().event_loop.bind(future.py())) {
        Ok(hub) => {
            let scheduled = Scheduled::new(future, callbacks, place);
            hub.deliver_next(future.py(), place, Arc::new(scheduled))
        }
        Err(_) => call_all_soon(future, callbacks),
    }
}

/// Calls a callback in its context; the outer error is that of entering it, which may be over in the next turn where a
/// loop that runs within another has the context in use further up the stack.
fn call(future: &Bound<'_, RustFuture>, callback: &Callback) -> PyResult<PyResult<()>> {
    let py = future.py();
    let call = || catch_as_error(|| callback.function.bind(py).call1((future,)).map(drop));
    contextvars::run(callback.context.bind(py), call)
}

/// Has callbacks called in the loop's next turn.
pub(crate) fn schedule(future: &Bound<'_, RustFuture>, callbacks: Vec<Callback>) -> PyResult<()> {
    if callbacks.is_empty() {
        return Ok(());
    }
    let event_loop = future.get().event_loop.bind(future.py());
    let callbacks = callbacks.into_iter();
    match hub_of(event_loop) {
        Ok(hub) => {
            let scheduled = Scheduled::new(future, callbacks, Place::Soon);
            hub.deliver_soon(event_loop, Arc::new(scheduled))
        }
        Err(_) => call_all_soon(future, callbacks),
    }
}

/// For the child of a fork that goes on with its parent's loop; one that is closed says so itself.
fn call_all_soon(future: &Bound<'_, RustFuture>, callbacks: IntoIter<Callback>) -> PyResult<()> {
    for callback in callbacks {
        call_soon(future, callback)?;
    }
    Ok(())
}

fn call_soon(future: &Bound<'_, RustFuture>, callback: Callback) -> PyResult<()> {
    let py = future.py();
    let keywords = [("context", callback.context)].into_py_dict(py)?;
    let arguments = (callback.function, future);
    let event_loop = future.get().event_loop.bind(py);
    event_loop.call_method("call_soon", arguments, Some(&keywords))?;
    Ok(())
}

/// Callbacks that wait for their turn.
struct Scheduled {
    future: Py<RustFuture>,
    callbacks: IntoIter<Callback>,
    place: Place,
}

impl Scheduled {
    fn new(future: &Bound<'_, RustFuture>, callbacks: IntoIter<Callback>, place: Place) -> Self {
        let future = future.clone().unbind();
        Self {
            future,
            callbacks,
            place,
        }
    }
}

impl Deliver for Scheduled {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        match Arc::into_inner(self) {
            Some(Self {
                future,
                callbacks,
                place,
            }) => run_callbacks(future.bind(py), callbacks, place),
            None => unreachable!("only the queue had it"),
        }
    }

    fn discard(self: Arc<Self>) -> bool {
        true
    }

    fn abort(self: Arc<Self>) {}
}

fn report(future: &Bound<'_, RustFuture>, error: PyErr) -> PyResult<()> {
    let event_loop = future.get().event_loop.bind(future.py());
    let message = "Exception in a callback of a Rust future";
    asyncio::call_exception_handler(event_loop, message, error, &[("future", future.as_any())])
}
