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

/// Where items wait for the loop's thread.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// In the queue of the Rust threads.
    Queue,
    /// With what the loop's own thread has handed over for its next turn.
    Soon,
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
            Ok(Pushed::Wake) => self.call_soon(event_loop, Place::Soon).inspect_err(|_| {
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
        place: Place,
        item: Arc<dyn Deliver>,
    ) -> PyResult<()> {
        match self.queue(place).push_next(item) {
            Ok(Pushed::Wake) => self.announce(py, place),
            Ok(Pushed::Armed) => Ok(()),
            Err(item) => {
                item.discard();
                Ok(())
            }
        }
    }

    pub(crate) fn queue(&self, place: Place) -> &Queue<Arc<dyn Deliver>> {
        match place {
            Place::Queue => &self.mailbox.queue,
            Place::Soon => &self.soon,
        }
    }

    /// Delivers a batch; handles of the loop serve the rest, each of which can run within the others.
    pub(crate) fn deliver_turn(self: &Arc<Self>, py: Python<'_>, place: Place) -> PyResult<()> {
        let announce = || self.announce(py, place);
        let deliver = |item| self.deliver(py, item);
        let delivered = self.queue(place).deliver_turn(BATCH, announce, deliver);
        match self.queue(place).end_turn(false) {
            Pushed::Wake => delivered.and(self.announce(py, place)),
            Pushed::Armed => delivered,
        }
    }

    pub(crate) fn call_soon(
        self: &Arc<Self>,
        event_loop: &Bound<'_, PyAny>,
        place: Place,
    ) -> PyResult<()> {
        let py = event_loop.py();
        let turn = Turn {
            hub: Arc::clone(self),
            place,
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
    place: Place,
}

#[pymethods]
impl Turn {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.hub.deliver_turn(py, self.place)
    }

    fn __repr__(&self) -> &'static str {
        "<callbacks of pyo3_aio>"
    }
}
