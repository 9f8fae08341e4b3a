//! The callback with which an event loop delivers what Rust threads have pushed to its hub.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::bridge::errors::leaves_the_loop;
use crate::bridge::event_loop::call_soon::Lane;
use crate::bridge::event_loop::hub::{Deliver, Hub};
use crate::err::catch_as_error;
use crate::python::asyncio;
use crate::python::exceptions::stash;

/// After how many seconds a drain renews the timer that owns it: a day, which every loop's timers can count.
const STAY: u32 = 24 * 60 * 60;

impl Hub {
    fn drain(self: &Arc<Self>, py: Python<'_>, reader: Reader) -> PyResult<()> {
        if self.is_inherited() {
            self.rest(py, reader.index);
            return Ok(());
        }
        if self.mailbox.dispatcher.get().is_some() {
            return self.deliver_turn(py, Lane::FromThreads);
        }
        let add_spare = |index| {
            if reader.nests {
                // Without it, a loop that is run within this drain waits for its end.
                let _ = self.watch_spare(py, index);
            }
        };
        let deliver = |item| self.deliver(py, item);
        self.mailbox.drain(reader.index, add_spare, deliver)
    }

    /// Delivers one item; an error goes to the loop's exception handler, but for those that leave the loop.
    pub(crate) fn deliver(&self, py: Python<'_>, item: Arc<dyn Deliver>) -> PyResult<()> {
        match catch_as_error(|| item.deliver(py)) {
            Err(error) if leaves_the_loop(&error, py) => Err(error),
            Err(error) => self.report(py, error),
            Ok(()) => Ok(()),
        }
    }

    /// Wakes the loop for the rest of a batch, in case that what is delivered first runs the loop within itself.
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

    fn report(&self, py: Python<'_>, error: PyErr) -> PyResult<()> {
        let Some(event_loop) = self.event_loop(py) else {
            return Ok(());
        };
        if !event_loop.hasattr("call_exception_handler")? {
            // trio's.
            error.write_unraisable(py, Some(&event_loop));
            return Ok(());
        }
        let message = "Exception in a callback of a Rust future";
        asyncio::call_exception_handler(&event_loop, message, error, &[])
    }
}

/// The reader that a drain is called for.
#[derive(Clone, Copy)]
pub(crate) struct Reader {
    /// That of its wake-up among [`Readers`](super::readers::Readers).
    pub(crate) index: usize,
    /// Whether the loop may run within itself, unlike trio.
    pub(crate) nests: bool,
}

/// The callback that the loop owns: its selector, or a timer where that cannot watch.
#[pyclass(frozen, weakref, module = "pyo3_aio")]
pub(crate) struct Drain {
    hub: Arc<Hub>,
    reader: Reader,
}

impl Drain {
    pub(crate) fn new(hub: Arc<Hub>, reader: Reader) -> Self {
        Self { hub, reader }
    }
}

#[pymethods]
impl Drain {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.hub.drain(py, self.reader)
    }

    /// Has a timer of the loop own this until the loop is closed, which drops its timers.
    fn stay(slf: &Bound<'_, Self>) -> PyResult<()> {
        let Some(event_loop) = slf.get().hub.event_loop(slf.py()) else {
            return Ok(());
        };
        event_loop.call_method1("call_later", (STAY, slf.getattr("stay")?))?;
        Ok(())
    }

    fn __repr__(&self) -> &'static str {
        "<drain of pyo3_aio>"
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        // Deallocators may run while an exception is set.
        let closed = Python::try_attach(|py| {
            stash::call_without_exception(py, || self.hub.close_detached(py))
        });
        if closed.is_none() {
            self.hub.close();
        }
    }
}
