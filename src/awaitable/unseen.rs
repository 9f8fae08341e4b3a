//! What the loop's exception handler is told of an exception that nobody has seen.
//!
//! The rules are asyncio's (`Future.__del__`).

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::future::{CancelPolicy, RustFuture};
use super::state::{Cancelled, Failed, State};
use crate::asyncio;
use crate::caught::catch_call;
use crate::pending_error;

/// Where a future is being made, if the loop is in debug mode.
pub(super) fn source(event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    let py = event_loop.py();
    if !event_loop
        .call_method0(intern!(py, "get_debug"))?
        .is_truthy()?
    {
        return Ok(None);
    }
    // It fails where no Python code runs on this thread.
    Ok(asyncio::extract_stack(py)?.call0().map(Bound::unbind).ok())
}

impl Drop for RustFuture {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !matches!(state, State::Failed(failed) if !failed.retrieved) {
            return;
        }
        let State::Failed(failed) =
            std::mem::replace(state, State::Cancelled(Cancelled::default()))
        else {
            return;
        };
        Python::try_attach(|py| {
            pending_error::keep(py, || {
                let told = catch_call(|| self.tell_unseen(py, failed));
                if let Err(error) = told.unwrap_or_else(|caught| Err(caught.into())) {
                    error.write_unraisable(py, None);
                }
            });
        });
    }
}

impl RustFuture {
    fn tell_unseen(&mut self, py: Python<'_>, failed: Failed) -> PyResult<()> {
        if !failed.error.bind(py).is_instance_of::<PyException>() {
            return Ok(());
        }
        let context = PyDict::new(py);
        context.set_item("message", "Future exception was never retrieved")?;
        context.set_item("exception", &failed.error)?;
        let source = self.source.as_ref().map(|source| source.clone_ref(py));
        context.set_item("future", Bound::new(py, self.successor(py, failed))?)?;
        if let Some(source) = source {
            context.set_item("source_traceback", source)?;
        }
        let event_loop = self.event_loop.bind(py);
        event_loop.call_method1("call_exception_handler", (context,))?;
        Ok(())
    }

    /// Another object in the same state: the one that is being dropped cannot be brought back to life, as asyncio does.
    fn successor(&mut self, py: Python<'_>, failed: Failed) -> Self {
        Self {
            event_loop: self.event_loop.clone_ref(py),
            state: Mutex::new(State::Failed(Failed {
                retrieved: true,
                ..failed
            })),
            blocking: AtomicBool::new(false),
            policy: CancelPolicy::AtOnce,
            source: self.source.take(),
        }
    }
}
