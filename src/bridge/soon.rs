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

use super::errors::closed_error;
use super::hub::{Deliver, Hub};
use super::queue::Pushed;

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
            Ok(Pushed::Wake) => self.call_soon(event_loop).inspect_err(|_| {
                self.soon.disarm();
                while let Some(item) = self.soon.pop() {
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

    fn call_soon(self: &Arc<Self>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = event_loop.py();
        let turn = Turn {
            hub: Arc::clone(self),
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
}

#[pymethods]
impl Turn {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let delivered = self.hub.deliver_batch(py, &self.hub.soon);
        if !self.hub.soon.rearm() {
            return delivered;
        }
        match self.hub.event_loop(py) {
            Some(event_loop) => delivered.and(self.hub.call_soon(&event_loop)),
            None => delivered,
        }
    }

    fn __repr__(&self) -> &'static str {
        "<callbacks of pyo3_aio>"
    }
}
