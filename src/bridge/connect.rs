//! How an event loop comes to drain its hub.

use std::sync::Arc;

use pyo3::exceptions::{PyAttributeError, PyNotImplementedError};
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::dispatcher::Dispatcher;
use super::drain::Drain;
use super::hub::Hub;
use crate::asyncio;

impl Hub {
    /// Has the loop watch the wake-up. From another thread, or before the loop runs, the loop does so in its next turn.
    pub(super) fn install(self: &Arc<Self>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = event_loop.py();
        let drain = self.drain_callback(py)?;
        if asyncio::is_running_here(event_loop)? {
            return self.watch(event_loop, &drain);
        }
        // The closure owns the drain: a loop that is closed before it ran drops it.
        let (hub, drain) = (Arc::clone(self), drain.unbind());
        let watch = PyCFunction::new_closure(py, None, None, move |args, _| -> PyResult<()> {
            let py = args.py();
            match hub.event_loop(py) {
                Some(event_loop) => hub
                    .watch(&event_loop, drain.bind(py))
                    .inspect_err(|_| hub.close_detached(py)),
                None => Ok(()),
            }
        })?;
        asyncio::call_soon_threadsafe(event_loop, watch.as_any())
    }

    fn watch(
        self: &Arc<Self>,
        event_loop: &Bound<'_, PyAny>,
        drain: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = event_loop.py();
        let Some(fd) = self.fd() else {
            return self.dispatch(drain);
        };
        // A fresh context: the callbacks that a drain runs enter their own, which must not be the current one.
        let context = asyncio::context_type(py)?.call0()?;
        match context.call_method1("run", (event_loop.getattr("add_reader")?, fd, drain)) {
            Ok(_) => Ok(()),
            Err(error) if is_unsupported(&error, py) => self.dispatch(drain),
            Err(error) => Err(error),
        }
    }

    fn dispatch(self: &Arc<Self>, drain: &Bound<'_, PyAny>) -> PyResult<()> {
        drain.call_method0("stay")?;
        let dispatcher = Dispatcher::start(Arc::downgrade(self), drain)?;
        if let Ok(()) = self.dispatcher.set(dispatcher) {
            // Pushes that came before this line woke nobody.
            self.wake();
        }
        Ok(())
    }

    /// Creates what has to be called when the file descriptor is readable. Dropping it closes the hub.
    pub(crate) fn drain_callback<'py>(
        self: &Arc<Self>,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Ok(Bound::new(py, Drain::new(Arc::clone(self)))?.into_any())
    }

    /// The file descriptor to watch for reading, where there is one.
    pub(crate) fn fd(&self) -> Option<i32> {
        self.wakeup.fd()
    }
}

fn is_unsupported(error: &PyErr, py: Python<'_>) -> bool {
    error.is_instance_of::<PyNotImplementedError>(py)
        || error.is_instance_of::<PyAttributeError>(py)
}
