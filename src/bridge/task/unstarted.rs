//! A user's value that no runtime has yet.
//!
//! Guarantee: wherever it is dropped, after an error on the way to the runtime or with a coroutine that was never awaited,
//! the value is dropped inside the runtime's context and detached from Python, and its output belongs to the code that
//! drops it.

use std::pin::Pin;
use std::task::Poll;

use pyo3::prelude::*;

use crate::bridge::lifecycle::calls;
use crate::bridge::lifecycle::current_runtime;
use crate::bridge::runtime_vtable::RuntimeVtable;
use crate::bridge::task::erased::Work;
use crate::instrument::Instrumentation;
use crate::python::exceptions::stash;

/// A user's value, mostly a future, and the runtime that it is for. Python's side owns it.
pub(crate) struct Unstarted<V: Send = Pin<Box<dyn Work>>> {
    /// `None` once [`Unstarted::into_inner`] has handed it over.
    value: Option<V>,
    pub(crate) vtable: &'static RuntimeVtable,
}

impl<V: Send> Unstarted<V> {
    pub(crate) fn new(value: V, vtable: &'static RuntimeVtable) -> Self {
        Self {
            value: Some(value),
            vtable,
        }
    }

    /// Hands the value over.
    pub(crate) fn into_inner(mut self) -> V {
        self.value.take().expect("nobody else takes it out")
    }
}

impl Unstarted {
    /// Fails where the runtime's threads were left behind by a fork.
    pub(crate) fn ensure_runtime(&self) -> PyResult<()> {
        (self.vtable.ensure_alive)()
    }

    /// Fails where the loop that awaits the future keeps its runtime from polling it: where it runs on this thread, within
    /// the poll of another future of the runtime.
    pub(crate) fn ensure_unblocked(
        &self,
        is_loop_here: impl FnOnce() -> PyResult<bool>,
    ) -> PyResult<()> {
        if current_runtime::is_polling((self.vtable.runtime)()) && is_loop_here()? {
            (self.vtable.ensure_unblocked)()?;
        }
        Ok(())
    }

    /// Polls the future on this thread, detached from Python.
    ///
    /// # Errors
    ///
    /// Its panic, as a `RustPanic`.
    pub(crate) fn poll(
        &mut self,
        py: Python<'_>,
        instrumentation: &Instrumentation,
    ) -> PyResult<Poll<()>> {
        let Some(work) = &mut self.value else {
            return Ok(Poll::Pending);
        };
        self.vtable
            .poll_first(py, instrumentation, |cx| work.as_mut().poll(cx))
    }
}

impl<V: Send> Drop for Unstarted<V> {
    fn drop(&mut self) {
        let Some(value) = self.value.take() else {
            return;
        };
        let vtable = self.vtable;
        Python::try_attach(|py| {
            stash::call_without_exception(py, || {
                let instrumentation = Instrumentation::current(py);
                calls::detach(py, || vtable.drop_inside(&instrumentation, value));
            });
        });
    }
}
