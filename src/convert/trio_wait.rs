//! The wait of a task of [trio](https://trio.readthedocs.io) for a Rust future.
//!
//! The task waits in `trio.lowlevel.wait_task_rescheduled`. A system task of the run watches the hub's file descriptor and
//! drains the hub, which reschedules the task with the result. All of that happens on trio's thread; no Rust thread
//! attaches to Python for it.
//!
//! At the end of a run trio cancels all system tasks at once, that one too. It goes on until no task waits any more
//! ([`RunWaits`]); a task that begins to wait after that starts another one.
//!
//! trio cancels a wait by its abort function ([`Waiter::abort`]). That answers `Abort.FAILED`: the task goes on waiting
//! until the Rust future has been dropped, or has dealt with the signal, and is rescheduled then.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use pyo3::exceptions::PyRuntimeError;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use crate::bridge::{Hub, Target, Task, Unstarted, hub_of, hub_of_host};
use crate::cancel::Signal;
use crate::python::trio;
use crate::task_locals::TaskLocals;

/// The coroutine that trio steps while a task of it waits, and the Rust task whose end reschedules that.
pub(crate) struct Wait {
    pub(crate) coroutine: Py<PyAny>,
    pub(crate) task: Arc<Task>,
    counted: Arc<CountedWait>,
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.counted.end();
    }
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
    let hub = hub_of_run(&token)?;
    let counted = Arc::new(CountedWait::new(RunWaits::of(&hub)));
    let task = trio::current_task(py)?;
    let waiter = Waiter::new(task.unbind(), cancel_signal, Arc::clone(&counted));
    let waiter = Bound::new(py, waiter)?;
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
        counted,
    })
}

/// Returns the hub of an event loop of asyncio's kind, or of a run of trio's that has a token in its place.
///
/// # Errors
///
/// `RuntimeError: Event loop is closed`; the errors of [`wait`].
pub(crate) fn hub_of_loop_or_run(host: &Bound<'_, PyAny>) -> PyResult<Arc<Hub>> {
    match trio::is_token(host) {
        true => hub_of_run(host),
        false => hub_of(host),
    }
}

/// Returns the hub of a run of trio's, which a system task drains.
fn hub_of_run(token: &Bound<'_, PyAny>) -> PyResult<Arc<Hub>> {
    let hub = hub_of_host(token, connect)?;
    if RunWaits::of(&hub).is_unwatched.load(Ordering::Relaxed) {
        connect(&hub, token)?;
    }
    Ok(hub)
}

/// The waits of a run. Its thread alone changes them.
#[derive(Debug, Default)]
struct RunWaits {
    /// The number of tasks that wait for Rust futures.
    count: AtomicUsize,
    /// The system task that drains the hub has ended, since the run ends.
    is_unwatched: AtomicBool,
}

impl RunWaits {
    /// Returns the waits of the run that has this hub, on its thread.
    fn of(hub: &Arc<Hub>) -> Arc<Self> {
        thread_local! {
            /// The waits of the last run on this thread.
            static LAST: RefCell<(Weak<Hub>, Arc<RunWaits>)> = RefCell::default();
        }
        LAST.with_borrow_mut(|(last, waits)| {
            if !std::ptr::eq(last.as_ptr(), Arc::as_ptr(hub)) {
                (*last, *waits) = (Arc::downgrade(hub), Arc::default());
            }
            Arc::clone(waits)
        })
    }
}

/// A wait that counts in its run, until it is settled or given up.
struct CountedWait {
    run: Arc<RunWaits>,
    has_ended: AtomicBool,
}

impl CountedWait {
    fn new(run: Arc<RunWaits>) -> Self {
        run.count.fetch_add(1, Ordering::Relaxed);
        Self {
            run,
            has_ended: AtomicBool::new(false),
        }
    }

    fn end(&self) {
        if !self.has_ended.swap(true, Ordering::Relaxed) {
            self.run.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for CountedWait {
    fn drop(&mut self) {
        self.end();
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
    let waits = RunWaits::of(hub);
    waits.is_unwatched.store(false, Ordering::Relaxed);
    let counted = Arc::clone(&waits);
    let has_waits = PyCFunction::new_closure(py, None, None, move |_, _| {
        counted.count.load(Ordering::Relaxed) > 0
    })?;
    let end = PyCFunction::new_closure(py, None, None, move |_, _| {
        waits.is_unwatched.store(true, Ordering::Relaxed);
    })?;
    trio::spawn_reader(fd, &drain, &has_waits, &end)
}

/// Reschedules the waiting task with the result. The system task of the run calls it.
fn settle(waiter: &Bound<'_, PyAny>, result: PyResult<Py<PyAny>>) -> PyResult<()> {
    let py = waiter.py();
    let waiter = waiter.cast::<Waiter>()?.get();
    waiter.counted.end();
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
    counted: Arc<CountedWait>,
}

impl Waiter {
    fn new(task: Py<PyAny>, cancel_signal: Option<Arc<Signal>>, counted: Arc<CountedWait>) -> Self {
        Self {
            task,
            cancel_signal,
            rust: OnceLock::new(),
            raise_cancel: Mutex::new(None),
            counted,
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
