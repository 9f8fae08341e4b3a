//! Coroutines under [trio](https://trio.readthedocs.io).
//!
//! A Rust future that is pending there waits as a task of trio's does, in `trio.lowlevel.wait_task_rescheduled`. A
//! system task of the run watches the hub's file descriptor, so that no Rust thread has to attach to wake it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use pyo3::exceptions::{PyAttributeError, PyRuntimeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use crate::bridge::{Held, Hub, Target, Task, hub_of_host};
use crate::cancel::Signal;
use crate::task_locals::TaskLocals;

/// What trio calls each turn of a task that waits for Rust: a coroutine, and the Rust task that ends it.
pub(crate) struct Wait {
    pub(crate) coroutine: Py<PyAny>,
    pub(crate) task: Arc<Task>,
}

/// Whether this thread is running trio just now; does not import it.
pub(crate) fn is_running_here(py: Python<'_>) -> PyResult<bool> {
    let modules = py
        .import(intern!(py, "sys"))?
        .getattr(intern!(py, "modules"))?;
    let trio = modules.call_method1(intern!(py, "get"), (intern!(py, "trio"),))?;
    // Missing as well while another thread imports trio.
    let Some(lowlevel) = trio.getattr_opt(intern!(py, "lowlevel"))? else {
        return Ok(false);
    };
    // In guest mode trio runs on the thread of another loop; only its tasks are trio's.
    match lowlevel.call_method0(intern!(py, "current_task")) {
        Ok(_) => Ok(true),
        Err(error)
            if error.is_instance_of::<PyRuntimeError>(py)
                || error.is_instance_of::<PyAttributeError>(py) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
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
    let token = current_token(py)?;
    let hub = hub_of_host(&token, connect)?;
    let task = lowlevel(py)?.call_method0(intern!(py, "current_task"))?;
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
    let coroutine = lowlevel(py)?.call_method1(intern!(py, "wait_task_rescheduled"), (abort,))?;
    Ok(Wait {
        coroutine: coroutine.unbind(),
        task,
    })
}

fn lowlevel(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static LOWLEVEL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    LOWLEVEL.import(py, "trio", "lowlevel")
}

fn current_token(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    lowlevel(py)?.call_method0(intern!(py, "current_trio_token"))
}

/// Starts the system task that drains the hub for as long as the run lasts.
fn connect(hub: &Arc<Hub>, token: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = token.py();
    let (Some(fd), drain) = hub.awaited(py)? else {
        return Err(PyRuntimeError::new_err(
            "trio is supported where it can watch a file descriptor, which is not the case on this platform",
        ));
    };
    let watch = watch(py)?;
    let wait_readable = lowlevel(py)?.getattr("wait_readable")?;
    let arguments = (watch, wait_readable, fd, drain);
    lowlevel(py)?.call_method1("spawn_system_task", arguments)?;
    Ok(())
}

/// The system task, which is Python's, since trio steps it.
fn watch(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static WATCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let code = c"
async def watch(wait_readable, fd, drain):
    while True:
        await wait_readable(fd)
        drain()
";
    let watch = WATCH.get_or_try_init(py, || {
        let names = PyDict::new(py);
        py.run(code, Some(&names), None)?;
        names.as_any().get_item("watch").map(Bound::unbind)
    })?;
    Ok(watch.bind(py))
}

/// Reschedules the waiting task with the result, from the system task.
fn settle(waiter: &Bound<'_, PyAny>, result: PyResult<Py<PyAny>>) -> PyResult<()> {
    let py = waiter.py();
    let waiter = waiter.cast::<Waiter>()?.get();
    let outcome = py.import(intern!(py, "outcome"))?;
    let cancelled = waiter
        .raise_cancel
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    let result = match (cancelled, result) {
        (Some(raise_cancel), _) => outcome.call_method1(intern!(py, "capture"), (raise_cancel,))?,
        (None, Ok(value)) => outcome.call_method1(intern!(py, "Value"), (value,))?,
        (None, Err(error)) => {
            outcome.call_method1(intern!(py, "Error"), (error.into_value(py),))?
        }
    };
    lowlevel(py)?.call_method1(intern!(py, "reschedule"), (&waiter.task, result))?;
    Ok(())
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
        let abort = lowlevel(py)?.getattr(intern!(py, "Abort"))?;
        abort.getattr(intern!(py, "FAILED"))
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
