//! The callback with which an event loop delivers what Rust threads have pushed to its hub.

use std::sync::Arc;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::bridge::errors::leaves_the_loop;
use crate::bridge::event_loop::call_soon::Lane;
use crate::bridge::event_loop::hub::{Deliver, Hub};
use crate::bridge::lifecycle::calls;
use crate::err::catch_as_error;
use crate::python::asyncio;
use crate::python::exceptions::stash;

/// How many seconds a drain that a timer owns lets pass before it starts the timer anew: a day. asyncio's timers count at
/// most a day in one wait (`MAXIMUM_SELECT_TIMEOUT` in base_events.py).
const TIMER_SECONDS: u32 = 24 * 60 * 60;

impl Hub {
    fn drain(self: &Arc<Self>, py: Python<'_>, reader: usize, nests: bool) -> PyResult<()> {
        if self.is_inherited() {
            self.pause_inherited(py, reader);
            return Ok(());
        }
        if self.mailbox.dispatcher.get().is_some() {
            return self.deliver_batch(py, Lane::FromThreads);
        }
        let add_nested = |index| {
            if nests {
                // Where it fails, a loop that is run within this drain waits for its end.
                let _ = self.watch_nested(py, index);
            }
        };
        let deliver = |item| self.deliver(py, item);
        self.mailbox.drain(reader, add_nested, deliver)
    }

    /// Delivers one item. KeyboardInterrupt and SystemExit leave the loop, as from a handle of asyncio's; any other error,
    /// and a panic, goes to the loop's exception handler.
    pub(crate) fn deliver(&self, py: Python<'_>, item: Arc<dyn Deliver>) -> PyResult<()> {
        match catch_as_error(|| item.deliver(py)) {
            Err(error) if leaves_the_loop(&error, py) => Err(error),
            Err(error) => self.report(py, error),
            Ok(()) => Ok(()),
        }
    }

    /// Has the loop deliver the rest of a batch, in case that the item which is about to be delivered runs the loop within
    /// itself.
    pub(crate) fn announce(self: &Arc<Self>, py: Python<'_>, lane: Lane) -> PyResult<()> {
        if let (Lane::FromThreads, None) = (lane, self.mailbox.dispatcher.get()) {
            self.mailbox.announce();
            return Ok(());
        }
        match self.event_loop(py) {
            Some(event_loop) => self.call_soon(&event_loop, lane),
            None => Ok(()),
        }
    }

    /// Tells the loop of an error of an item that has nobody else to tell.
    fn report(&self, py: Python<'_>, error: PyErr) -> PyResult<()> {
        let Some(event_loop) = self.event_loop(py) else {
            return Ok(());
        };
        if !event_loop.hasattr("call_exception_handler")? {
            // trio has no exception handler.
            error.write_unraisable(py, Some(&event_loop));
            return Ok(());
        }
        let message = "Exception in a callback of a Rust future";
        asyncio::call_exception_handler(&event_loop, message, error, &[])
    }
}

/// The callback that the loop owns: its selector does, or trio's system task, or a timer where neither can watch.
///
/// When the loop is closed, or collected, it drops this, which closes the hub.
#[pyclass(frozen, weakref, module = "pyo3_aio")]
pub(crate) struct Drain {
    hub: Arc<Hub>,
    /// The index of its wake-up among [`Readers`](super::readers::Readers).
    reader: usize,
    /// Whether the loop may run within itself, unlike trio.
    nests: bool,
}

impl Drain {
    pub(crate) fn create<'py>(
        py: Python<'py>,
        hub: &Arc<Hub>,
        reader: usize,
        nests: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let hub = Arc::clone(hub);
        let drain = Bound::new(py, Self { hub, reader, nests })?;
        Ok(drain.into_any())
    }
}

#[pymethods]
impl Drain {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let Some(_call) = calls::enter(py) else {
            // The loop would call again and again.
            self.hub.mailbox.readers.clear(self.reader);
            return Ok(());
        };
        self.hub.drain(py, self.reader, self.nests)
    }

    /// Has a timer of the loop own this, and starts that anew whenever it has fired. A loop drops its timers when it is
    /// closed.
    fn keep_timer(slf: &Bound<'_, Self>) -> PyResult<()> {
        let Some(event_loop) = slf.get().hub.event_loop(slf.py()) else {
            return Ok(());
        };
        event_loop.call_method1("call_later", (TIMER_SECONDS, slf.getattr("keep_timer")?))?;
        Ok(())
    }

    fn __repr__(&self) -> &'static str {
        "<drain of pyo3_aio>"
    }

    /// Shows what the hub owns, so that a loop that nobody has is garbage together with what is pending on it. Of the drains
    /// of a hub only the first one does, which lives as long as the hub is open.
    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        if self.reader != 0 {
            return Ok(());
        }
        self.hub.traverse(&visit)
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        // A deallocator may run while an exception is set, which has to stay.
        let closed = Python::try_attach(|py| {
            stash::call_without_exception(py, || self.hub.close_detached(py))
        });
        if closed.is_none() {
            self.hub.close();
        }
    }
}
