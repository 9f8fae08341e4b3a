//! What a loop's own thread has to do in its next turn.
//!
//! `call_soon` costs Python a handle and more instructions than all the rest of a callback; so one of them serves all
//! that is handed over until it runs.
//!
//! Guarantees:
//! - Each item is delivered in the turn in which a `call_soon` of its own would have run, in the order of the calls.
//! - What is handed over while a batch is delivered waits for the turn after it.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::errors::closed_error;
use crate::bridge::event_loop::hub::{Deliver, Hub};
use crate::bridge::event_loop::mailbox::BATCH;
use crate::bridge::event_loop::queue::{Pushed, Queue};

/// Which of a hub's two queues an item waits in.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Lane {
    /// The mailbox's, to which any thread pushes.
    FromThreads,
    /// That of `call_soon`, to which the loop's own thread pushes for its next turn.
    CallSoon,
}

impl Hub {
    /// Delivers an item in the loop's next turn. Call it on the loop's thread, as `call_soon`.
    ///
    /// # Errors
    ///
    /// `RuntimeError: Event loop is closed`; the item is discarded then.
    pub(crate) fn deliver_soon(
        self: &Arc<Self>,
        event_loop: &Bound<'_, PyAny>,
        item: Arc<dyn Deliver>,
    ) -> PyResult<()> {
        match self.soon.push(item) {
            Ok(Pushed::Wake) => self.call_soon(event_loop, Lane::CallSoon).inspect_err(|_| {
                self.soon.begin_turn(usize::MAX);
                while let Some((item, _)) = self.soon.pop() {
                    item.discard();
                }
            }),
            Ok(Pushed::Armed) => Ok(()),
            Err(item) => {
                item.discard();
                Err(closed_error())
            }
        }
    }

    /// Delivers an item before all others of the turn that is under way.
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
                item.discard();
                Ok(())
            }
        }
    }

    pub(crate) fn queue(&self, lane: Lane) -> &Queue<Arc<dyn Deliver>> {
        match lane {
            Lane::FromThreads => &self.mailbox.queue,
            Lane::CallSoon => &self.soon,
        }
    }

    /// Delivers a batch; handles of the loop serve the rest, each of which can run within the others.
    pub(crate) fn deliver_turn(self: &Arc<Self>, py: Python<'_>, lane: Lane) -> PyResult<()> {
        let announce = || self.announce(py, lane);
        let deliver = |item| self.deliver(py, item);
        let delivered = self.queue(lane).deliver_turn(BATCH, announce, deliver);
        match self.queue(lane).end_turn(false) {
            Pushed::Wake => delivered.and(self.announce(py, lane)),
            Pushed::Armed => delivered,
        }
    }

    pub(crate) fn call_soon(
        self: &Arc<Self>,
        event_loop: &Bound<'_, PyAny>,
        lane: Lane,
    ) -> PyResult<()> {
        let py = event_loop.py();
        let turn = Turn {
            hub: Arc::clone(self),
            lane,
        };
        event_loop.call_method1(intern!(py, "call_soon"), (turn,))?;
        Ok(())
    }
}

/// The callback for the next turn. The loop runs it in a copy of the current context, which is nobody's own, so that
/// it may enter others.
#[pyclass(frozen, module = "pyo3_aio")]
struct Turn {
    hub: Arc<Hub>,
    lane: Lane,
}

#[pymethods]
impl Turn {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.hub.deliver_turn(py, self.lane)
    }

    fn __repr__(&self) -> &'static str {
        "<callbacks of pyo3_aio>"
    }
}
