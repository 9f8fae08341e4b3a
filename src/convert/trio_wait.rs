//! The wait of a task of [trio](https://trio.readthedocs.io) for a Rust future.
//!
//! The task waits in `trio.lowlevel.wait_task_rescheduled`. A system task of the run watches the hub's file descriptor and
//! drains the hub, which reschedules the task with the result. All of that happens on trio's thread; no Rust thread
//! attaches to Python for it.
//!
//! trio cancels a wait by its abort function ([`Waiter::abort`]). That answers `Abort.FAILED`: the task goes on waiting
//! until the Rust future has been dropped, or has dealt with the signal, and is rescheduled then.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::{Hub, Target, Task, Unstarted, hub_of, hub_of_host};
use crate::cancel::Signal;
use crate::python::trio;
use crate::task_locals::TaskLocals;

/// The coroutine that trio steps while a task of it waits, and the Rust task whose end reschedules that.
pub(crate) struct Wait {
    pub(crate) coroutine: Py<PyAny>,
    pub(crate) task: Arc<Task>,
}

/// Spawns a future on its runtime, and has the current task of trio wait for it. A cancellation goes to the signal, if there
/// is one, and otherwise drops the future.
///
/// # Errors
///
/// `RuntimeError`: the runtime was left behind by a fork, the run has ended, or the platform has no file descriptors to
/// watch.
pub(crate) fn wait(
    py: Python<'_>,
    unstarted: Unstarted,
    cancel_signal: Option<Arc<Signal>>,
) -> PyResult<Wait> {
    unstarted.ensure_runtime()?;
    unstarted.ensure_unblocked(|| Ok(true))?;
    let token = trio::current_token(py)?;
    let hub = hub_of_host(&token, connect)?;
    let task = trio::current_task(py)?;
    let waiter = Bound::new(py, Waiter::new(task.unbind(), cancel_signal))?;
    let target = Target {
        future: waiter.clone().into_any(),
        settle,
    };
    let locals = TaskLocals::new(token).copy_context(py)?;
    let task = Task::start(py, unstarted, target, locals, hub)?;
    // This thread delivers the result, so that `settle` and `abort` cannot have been called yet.
    let _ = waiter.get().rust.set(Arc::clone(&task));
    let abort = waiter.getattr(intern!(py, "abort"))?;
    let coroutine = trio::wait_task_rescheduled(&abort)?;
    Ok(Wait {
        coroutine: coroutine.unbind(),
        task,
    })
}

/// Returns the hub of an event loop of asyncio's kind, or of a run of trio's that has a token in its place.
///
/// # Errors
///
/// `RuntimeError: Event loop is closed`; the errors of [`wait`].
pub(crate) fn hub_of_loop_or_run(host: &Bound<'_, PyAny>) -> PyResult<Arc<Hub>> {
    match trio::is_token(host) {
        true => hub_of_host(host, connect),
        false => hub_of(host),
    }
}

/// Starts the system task that drains the hub for as long as the run lasts.
fn connect(hub: &Arc<Hub>, token: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = token.py();
    let (Some(fd), drain) = hub.readable(py)? else {
        return Err(PyRuntimeError::new_err(
            "trio is supported where it can watch a file descriptor, which is not the case on this platform",
        ));
    };
    trio::spawn_reader(fd, &drain)
}

/// Reschedules the waiting task with the result. The system task of the run calls it.
fn settle(waiter: &Bound<'_, PyAny>, result: PyResult<Py<PyAny>>) -> PyResult<()> {
    let py = waiter.py();
    let waiter = waiter.cast::<Waiter>()?.get();
    let cancelled = waiter
        .raise_cancel
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let outcome = match cancelled {
        Some(raise_cancel) => trio::capture(raise_cancel.bind(py))?,
        None => trio::outcome(py, result)?,
    };
    trio::reschedule(waiter.task.bind(py), outcome)
}

/// A task of trio that waits for a Rust future. Only trio's thread changes it.
#[pyclass(frozen, module = "pyo3_aio")]
struct Waiter {
    task: Py<PyAny>,
    cancel_signal: Option<Arc<Signal>>,
    rust: OnceLock<Arc<Task>>,
    /// trio's function that raises the cancellation, called when the Rust future has been dropped. `None` unless the task is
    /// cancelled.
    raise_cancel: Mutex<Option<Py<PyAny>>>,
}

impl Waiter {
    fn new(task: Py<PyAny>, cancel_signal: Option<Arc<Signal>>) -> Self {
        Self {
            task,
            cancel_signal,
            rust: OnceLock::new(),
            raise_cancel: Mutex::new(None),
        }
    }
}

#[pymethods]
impl Waiter {
    /// Called by trio when the task is cancelled.
    fn abort<'py>(&self, raise_cancel: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = raise_cancel.py();
        match &self.cancel_signal {
            Some(signal) => {
                if let Err(cancelled) = raise_cancel.call0() {
                    signal.send(cancelled);
                }
            }
            None => {
                let mut waiting = self
                    .raise_cancel
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                let before = waiting.replace(raise_cancel.unbind());
                drop(waiting);
                drop(before);
                if let Some(rust) = self.rust.get() {
                    rust.request_cancel();
                }
            }
        }
        trio::abort_failed(py)
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.task)?;
        // Whoever holds the lock is running, so nothing here is garbage.
        match self.raise_cancel.try_lock() {
            Ok(raise_cancel) => visit.call(&*raise_cancel),
            Err(_) => Ok(()),
        }
    }
}
