//! What an event loop calls to have everything delivered that Rust has queued.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::errors::leaves_the_loop;
use super::hub::{Deliver, Hub};
use super::queue::Queue;
use crate::caught::catch_call;
use crate::pending_error;

/// How many items one turn of the loop delivers before other callbacks get theirs.
const BATCH: usize = 1_000;

/// After how many seconds a drain renews the timer that owns it: a day, which every loop's timers can count.
const STAY: u32 = 24 * 60 * 60;

impl Hub {
    pub(super) fn drain(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_inherited() {
            self.rest(py);
            return Ok(());
        }
        self.wakeup.clear();
        let _rest = WakeForRest(self);
        self.deliver_batch(py, &self.queue)
    }

    /// Delivers what is in a queue just now, at most [`BATCH`] items.
    pub(super) fn deliver_batch(
        &self,
        py: Python<'_>,
        queue: &Queue<Arc<dyn Deliver>>,
    ) -> PyResult<()> {
        for _ in 0..queue.disarm().min(BATCH) {
            let Some(item) = queue.pop() else { break };
            // A PanicException that Python code has raised comes back as a panic.
            let delivered = catch_call(|| item.deliver(py));
            if let Err(error) = delivered.unwrap_or_else(|caught| Err(caught.into())) {
                if leaves_the_loop(&error, py) {
                    return Err(error);
                }
                self.report(py, error)?;
            }
        }
        Ok(())
    }

    fn report(&self, py: Python<'_>, error: PyErr) -> PyResult<()> {
        let Some(event_loop) = self.event_loop(py) else {
            return Ok(());
        };
        let Some(handler) = event_loop.getattr_opt("call_exception_handler")? else {
            error.write_unraisable(py, Some(&event_loop));
            return Ok(());
        };
        let context = PyDict::new(py);
        context.set_item("message", "Exception in a callback of a Rust future")?;
        context.set_item("exception", error)?;
        handler.call1((context,))?;
        Ok(())
    }
}

/// Has the loop come back for what a drain has left, however that ended.
struct WakeForRest<'a>(&'a Hub);

impl Drop for WakeForRest<'_> {
    fn drop(&mut self) {
        if self.0.queue.rearm() {
            self.0.wake();
        }
    }
}

/// The callback that the loop owns: its selector, or a timer where that cannot watch.
#[pyclass(frozen, weakref, module = "pyo3_aio")]
pub(super) struct Drain {
    hub: Arc<Hub>,
}

impl Drain {
    pub(super) fn new(hub: Arc<Hub>) -> Self {
        Self { hub }
    }
}

#[pymethods]
impl Drain {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.hub.drain(py)
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
        let closed =
            Python::try_attach(|py| pending_error::keep(py, || self.hub.close_detached(py)));
        if closed.is_none() {
            self.hub.close();
        }
    }
}
