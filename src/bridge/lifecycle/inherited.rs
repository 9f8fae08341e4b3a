//! Hubs in the child of a fork. It can neither use them nor leave them alone: Python code awaits what is pending on them,
//! and their wake-ups are shared with the parent.
//!
//! Needed by a program that calls `os.fork()` (or starts a `multiprocessing.Process` by `fork`) in a coroutine, and whose
//! child goes on with the loop: `pytests/programs/fork.rs` has its cases, whose names begin with `a_child_that_goes_on_with`,
//! `a_child_that_outlives` and `a_child_is_told`. On Linux the child shares the parent's epoll instance: to take the reader
//! out of it in the child would take it out of the parent's. So the reader stays, and the child pauses instead of spinning.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyCFunction};

use crate::bridge::event_loop::hub::Hub;
use crate::bridge::event_loop::registry;
use crate::bridge::lifecycle::fork::is_gone;
use crate::python::asyncio;

/// How long a child that goes on with its parent's loop pauses whenever a wake-up of the parent wakes it.
const PAUSE: Duration = Duration::from_millis(1);

/// Has a child of `os.fork()` fail whatever awaits a Rust future on the loops that it has inherited.
///
/// # Errors
///
/// The errors of `os.register_at_fork`.
pub(crate) fn register(py: Python<'_>) -> PyResult<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let leave_behind = PyCFunction::new_closure(py, None, None, |args, _| {
        let py = args.py();
        registry::all()
            .into_iter()
            .filter(|hub| hub.is_inherited())
            // The error is that of a closed loop, on which nothing is pending.
            .for_each(|hub| drop(hub.leave_behind(py)));
    })?;
    let keywords = [("after_in_child", leave_behind)].into_py_dict(py)?;
    asyncio::register_at_fork(py)?.call((), Some(&keywords))?;
    Ok(())
}

/// The callback that fails what is pending on a hub. A class for the reason that the callback of `install` is one.
#[pyclass(frozen, module = "pyo3_aio")]
struct FailPending(Arc<Hub>);

#[pymethods]
impl FailPending {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.0.fail_pending(py)
    }
}

impl Hub {
    /// Fails for an event loop that the parent process has used: a wake-up of the one would wake the other as well.
    ///
    /// # Errors
    ///
    /// `RuntimeError` that names the way out.
    pub(crate) fn refuse_inherited(&self, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.is_inherited() && self.belongs_to(event_loop) {
            return Err(PyRuntimeError::new_err(
                "the event loop was left behind by fork(): make a new one in the child, as asyncio.run() does",
            ));
        }
        Ok(())
    }

    /// Has the loop fail what is pending on it, in its next iteration, if the child of a fork goes on with it.
    pub(crate) fn leave_behind(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let Some(event_loop) = self.event_loop(py) else {
            return Ok(());
        };
        let fail_pending = Bound::new(py, FailPending(Arc::clone(self)))?;
        match event_loop.getattr_opt("call_soon")? {
            // Not `call_soon_threadsafe`, which would wake the parent through the self-pipe that both have.
            Some(call_soon) => call_soon.call1((fail_pending,))?,
            // A token of trio's.
            None => event_loop.call_method1("run_sync_soon", (fail_pending,))?,
        };
        Ok(())
    }

    fn fail_pending(&self, py: Python<'_>) -> PyResult<()> {
        // A thread that this process does not have may have the lock.
        let Ok(pending) = self.pending.try_lock() else {
            return Ok(());
        };
        let items = pending.iter().flatten().filter_map(|(_, pending)| {
            let object = pending.object.as_ref()?.bind(py).clone();
            Some((pending.item.upgrade()?, object))
        });
        let items: Vec<_> = items.collect();
        drop(pending);
        items
            .into_iter()
            .try_for_each(|(item, object)| item.leave_behind(object))
    }

    /// Answers a wake-up of the parent, which wakes its children until the parent takes it; the child takes it where the
    /// parent is gone.
    pub(crate) fn pause_inherited(&self, py: Python<'_>, reader: usize) {
        if is_gone(self.process) {
            self.mailbox.readers.clear(reader);
        } else {
            py.detach(|| thread::sleep(PAUSE));
        }
    }
}
