//! The callbacks of a future, which run when it is done.
//!
//! Everything here runs on the thread of the future's loop. A callback is called in its own context, which may be in use
//! further up the stack when a loop runs within another one (nest_asyncio); it is called in the next iteration then.

use std::sync::Arc;
use std::vec::IntoIter;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

use crate::bridge::{Deliver, Lane, calls, hub_of, leaves_the_loop};
use crate::err::catch_as_error;
use crate::python::asyncio;
use crate::python::contextvars;

/// A function that `add_done_callback` has been given.
pub(crate) struct Callback {
    function: Py<PyAny>,
    context: Py<PyAny>,
    /// Its context was in use when it was called first; the second error of that kind is reported.
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

    pub(crate) fn to_pair(&self, py: Python<'_>) -> (Py<PyAny>, Py<PyAny>) {
        (self.function.clone_ref(py), self.context.clone_ref(py))
    }

    pub(crate) fn function(&self) -> &Py<PyAny> {
        &self.function
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.function)?;
        visit.call(&self.context)
    }
}

/// The code that settles a future. It decides when the callbacks run.
#[derive(Clone, Copy)]
pub(crate) enum Settler {
    /// The hub's drain: no task is running, so that callbacks can be called at once.
    Drain,
    /// Code of a task that is running (`cancel()`, `set_result()`). Callbacks wait for the loop's next iteration, since one
    /// may step another task, which asyncio refuses within a step.
    Step,
}

/// A future that is done, with the loop that it belongs to.
#[derive(Clone, Copy)]
pub(crate) struct DoneFuture<'a, 'py> {
    pub(crate) object: &'a Bound<'py, PyAny>,
    pub(crate) event_loop: &'a Bound<'py, PyAny>,
}

impl DoneFuture<'_, '_> {
    /// Runs the first callback. The others are queued first, as the next items of the same batch of `lane`: where the
    /// first callback runs a loop of its own, that loop finds them.
    pub(crate) fn run_callbacks(
        self,
        mut callbacks: IntoIter<Callback>,
        lane: Lane,
    ) -> PyResult<()> {
        let Some(mut callback) = callbacks.next() else {
            return Ok(());
        };
        if callbacks.len() > 0 {
            self.deliver_next(callbacks, lane)?;
        }
        match self.call(&callback) {
            Err(_) if !callback.is_retry => {
                callback.is_retry = true;
                self.schedule(vec![callback])
            }
            Err(error) => self.report(error),
            Ok(Err(error)) if !leaves_the_loop(&error, self.object.py()) => self.report(error),
            Ok(called) => called,
        }
    }

    fn deliver_next(self, callbacks: IntoIter<Callback>, lane: Lane) -> PyResult<()> {
        match hub_of(self.event_loop) {
            Ok(hub) => {
                let scheduled = Scheduled::new(self, callbacks, lane);
                hub.deliver_next(self.object.py(), lane, Arc::new(scheduled))
            }
            Err(_) => self.call_soon(callbacks),
        }
    }

    /// Calls a callback in its context. The outer error is that of entering the context, the inner one the callback's.
    fn call(self, callback: &Callback) -> PyResult<PyResult<()>> {
        let py = self.object.py();
        let call = || catch_as_error(|| callback.function.bind(py).call1((self.object,)).map(drop));
        contextvars::run(callback.context.bind(py), call)
    }

    /// Has callbacks called in the loop's next iteration.
    pub(crate) fn schedule(self, callbacks: Vec<Callback>) -> PyResult<()> {
        if callbacks.is_empty() {
            return Ok(());
        }
        let Some(_call) = calls::enter(self.object.py()) else {
            return Ok(());
        };
        let callbacks = callbacks.into_iter();
        match hub_of(self.event_loop) {
            Ok(hub) => {
                let scheduled = Scheduled::new(self, callbacks, Lane::CallSoon);
                hub.deliver_soon(self.event_loop, Arc::new(scheduled))
            }
            Err(_) => self.call_soon(callbacks),
        }
    }

    /// Schedules callbacks without a hub, which the child of a fork does not get for its parent's loop. A closed loop
    /// raises its own error.
    fn call_soon(self, callbacks: IntoIter<Callback>) -> PyResult<()> {
        let py = self.object.py();
        for callback in callbacks {
            let keywords = [("context", callback.context)].into_py_dict(py)?;
            let arguments = (callback.function, self.object);
            self.event_loop
                .call_method("call_soon", arguments, Some(&keywords))?;
        }
        Ok(())
    }

    fn report(self, error: PyErr) -> PyResult<()> {
        let message = "Exception in a callback of a Rust future";
        asyncio::call_exception_handler(self.event_loop, message, error, &[("future", self.object)])
    }
}

/// Callbacks in a queue of the loop's hub.
struct Scheduled {
    future: Py<PyAny>,
    event_loop: Py<PyAny>,
    callbacks: IntoIter<Callback>,
    lane: Lane,
}

impl Scheduled {
    fn new(future: DoneFuture<'_, '_>, callbacks: IntoIter<Callback>, lane: Lane) -> Self {
        Self {
            future: future.object.clone().unbind(),
            event_loop: future.event_loop.clone().unbind(),
            callbacks,
            lane,
        }
    }
}

impl Deliver for Scheduled {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let Some(Self {
            future,
            event_loop,
            callbacks,
            lane,
        }) = Arc::into_inner(self)
        else {
            unreachable!("only the queue had it")
        };
        let future = DoneFuture {
            object: future.bind(py),
            event_loop: event_loop.bind(py),
        };
        future.run_callbacks(callbacks, lane)
    }

    fn discard(self: Arc<Self>, _object: Option<Py<PyAny>>) -> bool {
        true
    }

    fn abort(self: Arc<Self>) {}

    fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.future)?;
        visit.call(&self.event_loop)?;
        let mut callbacks = self.callbacks.as_slice().iter();
        callbacks.try_for_each(|callback| callback.traverse(visit))
    }
}
