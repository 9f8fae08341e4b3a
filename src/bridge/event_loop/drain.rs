//! What an event loop calls to have everything delivered that Rust has queued.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pyo3::prelude::*;

use crate::bridge::errors::leaves_the_loop;
use crate::bridge::event_loop::call_soon::Place;
use crate::bridge::event_loop::hub::Hub;
use crate::bridge::event_loop::queue::Pushed;
use crate::err::catch_as_error;
use crate::python::asyncio;
use crate::python::exceptions::stash;

/// How many items one turn of the loop delivers before other callbacks get theirs.
const BATCH: usize = 1_000;

/// After how many seconds a drain renews the timer that owns it: a day, which every loop's timers can count.
const STAY: u32 = 24 * 60 * 60;

impl Hub {
    fn drain(self: &Arc<Self>, py: Python<'_>, reader: Reader) -> PyResult<()> {
        if self.is_inherited() {
            self.rest(py, reader.index);
            return Ok(());
        }
        if self.dispatcher.get().is_some() {
            return self.deliver_turn(py, Place::Queue);
        }
        let missing = self.readers.begin(reader.index);
        let _draining = Draining {
            hub: self,
            reader: reader.index,
            was_announced: self.is_announced.swap(false, Ordering::Relaxed),
        };
        if let (true, Some(spare)) = (reader.nests, missing) {
            // Without it, a loop that is run within this drain waits for its end.
            let _ = self.watch_spare(py, spare);
        }
        self.deliver_batch(py, Place::Queue)
    }

    /// Delivers what is in a queue just now, at most [`BATCH`] items.
    pub(crate) fn deliver_batch(self: &Arc<Self>, py: Python<'_>, place: Place) -> PyResult<()> {
        let queue = self.queue(place);
        queue.begin_turn(BATCH);
        while let Some((item, rest)) = queue.pop() {
            if rest == Pushed::Wake {
                self.announce(py, place)?;
            }
            if let Err(error) = catch_as_error(|| item.deliver(py)) {
                if leaves_the_loop(&error, py) {
                    return Err(error);
                }
                self.report(py, error)?;
            }
        }
        Ok(())
    }

    /// Wakes the loop for the rest of a batch, in case that what is delivered first runs the loop within itself.
    pub(crate) fn announce(self: &Arc<Self>, py: Python<'_>, place: Place) -> PyResult<()> {
        if let (Place::Queue, None) = (place, self.dispatcher.get()) {
            self.is_announced.store(true, Ordering::Relaxed);
            self.readers.notify_spare();
            return Ok(());
        }
        match self.event_loop(py) {
            Some(event_loop) => self.call_soon(&event_loop, place),
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

/// A drain that a reader has begun. When it ends, however that is, the loop comes back for the rest.
struct Draining<'a> {
    hub: &'a Hub,
    reader: usize,
    /// That of the drain around it.
    was_announced: bool,
}

impl Drop for Draining<'_> {
    fn drop(&mut self) {
        let is_announced = self
            .hub
            .is_announced
            .swap(self.was_announced, Ordering::Relaxed);
        self.hub.readers.end(self.reader, is_announced);
        if self.hub.queue.end_turn(is_announced) == Pushed::Wake {
            self.hub.wake();
        }
    }
}

/// What a drain is called for.
#[derive(Clone, Copy)]
pub(crate) struct Reader {
    /// The place of its wake-up.
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
