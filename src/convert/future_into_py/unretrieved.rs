//! The report of an exception that nobody has retrieved, to the loop's exception handler.
//!
//! The rules are those of `Future.__del__` (`Lib/asyncio/futures.py`). A future that is collected as part of a cycle reports
//! in `tp_finalize`, before the collector takes its exception apart. Any other one, and all where pyo3's slots are left
//! alone, reports in the drop.

use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;

use crate::convert::future_into_py::future::{CancelPolicy, RustFuture};
use crate::convert::future_into_py::state::{Cancelled, State, failed_state};
use crate::err::catch_as_error;
use crate::python::asyncio;
use crate::python::exceptions::stash;
use crate::python::type_slots::Finalize;

impl RustFuture {
    /// Counts the exception as retrieved.
    pub(crate) fn mark_retrieved(&self) {
        if let State::Failed(failed) = &mut *self.lock() {
            failed.retrieved = true;
        }
    }

    /// Reports the exception, once.
    fn report_unretrieved(future: &Bound<'_, Self>) -> PyResult<()> {
        let py = future.py();
        let exception = match &mut *future.get().lock() {
            State::Failed(failed) if !failed.retrieved => {
                failed.retrieved = true;
                failed.exception.value.clone_ref(py)
            }
            _ => return Ok(()),
        };
        let event_loop = future.get().event_loop.bind(py);
        let source = future.get().source.as_ref().map(|source| source.bind(py));
        let mut others = vec![("future", future.as_any())];
        others.extend(source.map(|source| ("source_traceback", source)));
        let message = "Future exception was never retrieved";
        if exception.bind(py).getattr(intern!(py, "args"))?.is_none() {
            // The collector has cleared the exception (`BaseException_clear`). Printing it would crash the interpreter, and
            // printing the future prints its exception.
            future.get().replace_exception(py);
            return asyncio::call_exception_handler(event_loop, message, py.None(), &others);
        }
        asyncio::call_exception_handler(event_loop, message, exception, &others)
    }

    /// Puts a RuntimeError in the place of an exception that the collector has cleared.
    fn replace_exception(&self, py: Python<'_>) {
        let error = PyRuntimeError::new_err("the exception was cleared by the garbage collector");
        let state = failed_state(py, error);
        let before = std::mem::replace(&mut *self.lock(), state);
        drop(before);
        self.mark_retrieved();
    }

    /// Moves the state to a new object, which the report shows. asyncio resurrects the object that is being collected, which
    /// pyo3 cannot.
    fn resurrect(&mut self, py: Python<'_>) -> Self {
        let state = State::Cancelled(Cancelled::default());
        let state = std::mem::replace(&mut self.state, Mutex::new(state));
        Self {
            event_loop: self.event_loop.clone_ref(py),
            state,
            blocking: AtomicBool::new(false),
            policy: CancelPolicy::AtOnce,
            source: self.source.take(),
            attributes: std::mem::take(&mut self.attributes),
        }
    }
}

impl Finalize for RustFuture {
    fn finalize(future: &Bound<'_, Self>) {
        if let Err(error) = catch_as_error(|| Self::report_unretrieved(future)) {
            error.write_unraisable(future.py(), None);
        }
    }
}

impl Drop for RustFuture {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !matches!(state, State::Failed(failed) if !failed.retrieved) {
            return;
        }
        Python::try_attach(|py| {
            stash::call_without_exception(py, || match Bound::new(py, self.resurrect(py)) {
                Ok(future) => Self::finalize(&future),
                Err(error) => error.write_unraisable(py, None),
            });
        });
    }
}
