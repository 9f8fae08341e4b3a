//! The callback of the Python task.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::{closed_error, leaves_the_loop};
use crate::convert::into_future::shared_future::SharedFuture;
use crate::err::catch_as_error;
use crate::python::awaited_by;
use crate::python::awaited_by::Awaiter;

/// Passes the end of the Python task on to the Rust future. A loop that is dropped drops its tasks, and with them this:
/// the Rust future gets an error then.
#[pyclass(frozen, module = "pyo3_aio")]
pub(crate) struct DoneCallback {
    shared: Mutex<Option<Arc<SharedFuture>>>,
    /// The task that asyncio has noted as waiting for the end of the other one.
    awaiter: Option<Awaiter>,
}

impl DoneCallback {
    pub(crate) fn new(shared: Arc<SharedFuture>, awaiter: Option<Awaiter>) -> Self {
        Self {
            shared: Mutex::new(Some(shared)),
            awaiter,
        }
    }

    fn take(&self) -> Option<Arc<SharedFuture>> {
        self.shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

#[pymethods]
impl DoneCallback {
    fn __call__(&self, task: &Bound<'_, PyAny>) -> PyResult<()> {
        let finished = match self.take() {
            Some(shared) => shared.instrumentation().run(|| finish(&shared, task)),
            None => Ok(()),
        };
        if let Some(awaiter) = &self.awaiter {
            awaited_by::discard(task, awaiter)?;
        }
        finished
    }
}

fn finish(shared: &SharedFuture, task: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = task.py();
    if !shared.is_wanted() {
        shared.finish_unretrieved();
        return retrieve_exit_exception(task);
    }
    let result = catch_as_error(|| task.call_method0(intern!(py, "result")));
    shared.finish_or_report(py, result.map(Bound::unbind))
}

/// Retrieves a KeyboardInterrupt or SystemExit, which has left the loop's run, so that the task does not report it as well.
fn retrieve_exit_exception(task: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = task.py();
    // To read this attribute of asyncio's futures does not count as retrieval, as `exception()` does.
    let Some(exception) = task.getattr_opt(intern!(py, "_exception"))? else {
        return Ok(());
    };
    if !exception.is_none() && leaves_the_loop(&PyErr::from_value(exception), py) {
        task.call_method0(intern!(py, "exception"))?;
    }
    Ok(())
}

impl Drop for DoneCallback {
    fn drop(&mut self) {
        if let Some(shared) = self.take() {
            shared.finish(Err(closed_error()));
        }
    }
}
