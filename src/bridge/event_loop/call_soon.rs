//! Items that an event loop's own thread hands over for the loop's next iteration, as by `call_soon`.
//!
//! A `call_soon` makes a handle of asyncio's, which costs more instructions than the rest of a callback. So one of them
//! serves all items that are handed over until it runs.
//!
//! Guarantees:
//! - Each item is delivered in the iteration in which a `call_soon` of its own would have run, in the order of the calls.
//! - Items that are handed over while a batch is delivered wait for the iteration after it.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::errors::closed_error;
use crate::bridge::event_loop::hub::{Deliver, Hub};
use crate::bridge::event_loop::mailbox::BATCH;
use crate::bridge::event_loop::queue::{Pushed, Queue};
use crate::bridge::lifecycle::calls;

/// Which of a hub's two queues an item waits in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane {
    /// The mailbox's, to which any thread pushes.
    FromThreads,
    /// The hub's `call_soon` queue, to which only the loop's own thread pushes, for its next iteration.
    CallSoon,
}

impl Hub {
    /// Delivers an item in the loop's next iteration. Call it on the loop's thread, as `call_soon`.
    ///
    /// # Errors
    ///
    /// `RuntimeError: Event loop is closed`; the item is discarded then.
    pub(crate) fn deliver_soon(
        self: &Arc<Self>,
        event_loop: &Bound<'_, PyAny>,
        item: Arc<dyn Deliver>,
    ) -> PyResult<()> {
        let call_soon = || self.call_soon(event_loop, Lane::CallSoon);
        let pushed = self.call_soon.push_soon(item, call_soon);
        pushed.map_err(|refused| {
            for item in refused.items {
                item.discard(None);
            }
            refused.error.unwrap_or_else(closed_error)
        })
    }

    /// Delivers an item before all others of the batch that is under way; a closed hub discards it.
    pub(crate) fn deliver_next(
        self: &Arc<Self>,
        py: Python<'_>,
        lane: Lane,
        item: Arc<dyn Deliver>,
    ) -> PyResult<()> {
        match self.queue(lane).push_next(item) {
            Ok(Pushed::Wake) => self.announce(py, lane),
            Ok(Pushed::Armed) => Ok(()),
            Err(item) => {
                item.discard(None);
                Ok(())
            }
        }
    }

    pub(crate) fn queue(&self, lane: Lane) -> &Queue<Arc<dyn Deliver>> {
        match lane {
            Lane::FromThreads => &self.mailbox.queue,
            Lane::CallSoon => &self.call_soon,
        }
    }

    /// Delivers a batch. Handles of the loop serve the rest.
    pub(crate) fn deliver_batch(self: &Arc<Self>, py: Python<'_>, lane: Lane) -> PyResult<()> {
        let announce = || self.announce(py, lane);
        let deliver = |item| self.deliver(py, item);
        self.queue(lane).run_batch(BATCH, announce, deliver)
    }

    pub(crate) fn call_soon(
        self: &Arc<Self>,
        event_loop: &Bound<'_, PyAny>,
        lane: Lane,
    ) -> PyResult<()> {
        let py = event_loop.py();
        let callback = CallSoon {
            hub: Arc::clone(self),
            lane,
        };
        event_loop.call_method1(intern!(py, "call_soon"), (callback,))?;
        Ok(())
    }
}

/// The callback of a `call_soon`. asyncio runs it in a copy of the context that was current then. Nobody else has that
/// copy, so the callbacks that run within may enter their own contexts.
#[pyclass(frozen, module = "pyo3_aio")]
struct CallSoon {
    hub: Arc<Hub>,
    lane: Lane,
}

#[pymethods]
impl CallSoon {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        match calls::enter(py) {
            Some(_call) => self.hub.deliver_batch(py, self.lane),
            None => Ok(()),
        }
    }

    fn __repr__(&self) -> &'static str {
        "<callbacks of pyo3_aio>"
    }
}
