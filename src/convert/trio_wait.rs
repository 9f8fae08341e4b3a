//! Coroutines under [trio](https://trio.readthedocs.io).
//!
//! A Rust future that is pending there waits as a task of trio's does, in `trio.lowlevel.wait_task_rescheduled`. A
//! system task of the run watches the hub's file descriptor, so that no Rust thread has to attach to wake it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::{Held, Hub, Target, Task, hub_of_host};
use crate::cancel::Signal;
use crate::python::trio;
use crate::task_locals::TaskLocals;

/// What trio calls each turn of a task that waits for Rust: a coroutine, and the Rust task that ends it.
pub(crate) struct Wait {
    pub(crate) coroutine: Py<PyAny>,
    pub(crate) task: Arc<Task>,
}

/// Moves a pending future to its runtime, as what the current task of trio waits for. It is told of a cancellation, if
/// there is a signal for that, and otherwise dropped.
pub(crate) fn wait(
    py: Python<'_>,
    held: Held,
    cancel_signal: Option<Arc<Signal>>,
) -> PyResult<Wait> {
    held.ensure_runtime()?;
    held.ensure_unblocked(|| Ok(true))?;
    let token = trio::current_token(py)?;
    let hub = hub_of_host(&token, connect)?;
    let task = trio::current_task(py)?;
    let waiter = Bound::new(py, Waiter::new(task.unbind(), cancel_signal))?;
    let target = Target {
        future: waiter.clone().into_any().unbind(),
        settle,
    };
    let locals = TaskLocals::new(token).copy_context(py)?;
    let task = Task::start(py, held, target, locals, hub)?;
    // Nothing is delivered before the task has given up this turn.
    let _ = waiter.get().rust.set(Arc::clone(&task));
    let abort = waiter.getattr(intern!(py, "abort"))?;
    let coroutine = trio::wait_task_rescheduled(&abort)?;
    Ok(Wait {
        coroutine: coroutine.unbind(),
        task,
    })
}

/// Starts the system task that drains the hub for as long as the run lasts.
fn connect(hub: &Arc<Hub>, token: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = token.py();
    let (Some(fd), drain) = hub.awaited(py)? else {
        return Err(PyRuntimeError::new_err(
            "trio is supported where it can watch a file descriptor, which is not the case on this platform",
        ));
    };
    trio::spawn_reader(fd, &drain)
}

/// Reschedules the waiting task with the result, from the system task.
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

/// A task of trio's that waits for a Rust future.
#[pyclass(frozen, module = "pyo3_aio")]
struct Waiter {
    task: Py<PyAny>,
    cancel_signal: Option<Arc<Signal>>,
    rust: OnceLock<Arc<Task>>,
    /// Raises the cancellation that the dropping of the Rust future is waited for.
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
    /// Called when the task is cancelled; says that the task goes on waiting until Rust is done.
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
