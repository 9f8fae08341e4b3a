//! Hubs in the child of a fork, which can neither be used nor left alone: what is pending on them has to be told, and
//! their wake-ups are the parent's.

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

/// How long a child that goes on with its parent's loop pauses when it is woken in the parent's place.
const REST: Duration = Duration::from_millis(1);

/// Has a child of `os.fork()` tell what waits on the loops that it has inherited.
///
/// # Errors
///
/// Those of `os.register_at_fork`.
pub(crate) fn register(py: Python<'_>) -> PyResult<()> {
    if !cfg!(unix) {
        return Ok(());
    }
    let told = PyCFunction::new_closure(py, None, None, |args, _| {
        let py = args.py();
        registry::all()
            .into_iter()
            .filter(|hub| hub.is_inherited())
            // A loop that is closed has nothing pending.
            .for_each(|hub| drop(hub.leave_behind(py)));
    })?;
    let keywords = [("after_in_child", told)].into_py_dict(py)?;
    asyncio::register_at_fork(py)?.call((), Some(&keywords))?;
    Ok(())
}

impl Hub {
    /// Fails for an event loop that the parent process has used: what wakes one of the two wakes the other as well.
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

    /// Has the loop, if the child of a fork goes on with it, tell what is pending that it was left behind.
    pub(crate) fn leave_behind(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let Some(event_loop) = self.event_loop(py) else {
            return Ok(());
        };
        let hub = Arc::clone(self);
        let tell = PyCFunction::new_closure(py, None, None, move |args, _| {
            hub.tell_left_behind(args.py())
        })?;
        match event_loop.getattr_opt("call_soon")? {
            // It does not wake the parent, which has the same self-pipe.
            Some(call_soon) => call_soon.call1((tell,))?,
            // trio's.
            None => event_loop.call_method1("run_sync_soon", (tell,))?,
        };
        Ok(())
    }

    fn tell_left_behind(&self, py: Python<'_>) -> PyResult<()> {
        // A thread that this process does not have may have taken the lock.
        let Ok(pending) = self.pending.try_lock() else {
            return Ok(());
        };
        let items = pending.iter().flatten();
        let items: Vec<_> = items.filter_map(|(_, item)| item.upgrade()).collect();
        drop(pending);
        items.into_iter().try_for_each(|item| item.leave_behind(py))
    }

    /// The parent's wake-up, which it shares with its children: they are woken until it takes it.
    pub(crate) fn rest(&self, py: Python<'_>, reader: usize) {
        if is_gone(self.process) {
            self.mailbox.readers.clear(reader);
        } else {
            py.detach(|| thread::sleep(REST));
        }
    }
}
