//! The event loop in the background: one for the process, on a thread of its own, from its first use until Python exits.
//!
//! | event | by whom, on which thread | effect |
//! | --- | --- | --- |
//! | [`event_loop`] | a conversion that finds no other loop, or the user; attached | starts the thread, or returns the loop that it runs |
//! | the loop is stopped or closed | Python code | the thread ends; the next use starts another one |
//! | a task or callback raises `SystemExit` or `KeyboardInterrupt` | the loop's thread | the caller of the task gets it; the loop runs on |
//! | the exit hook | `atexit`, on Python's main thread | tasks are cancelled and awaited, the loop is closed, the thread ends |
//! | `fork` | the child's only thread | the child's first use starts a loop of its own |
//!
//! The thread runs Python code only (`background.py`): where an exit does not wait for it any longer, CPython before 3.14 ends
//! a daemon thread by unwinding its stack, which must not go through frames of Rust.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi::c_str;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyModule};

use crate::bridge::{generation, hold_over_forks, register_exit};
use crate::python::{asyncio, contextvars};
use crate::task_locals;
use crate::task_locals::{LoopOnDemand, Polled, TaskLocals};

/// How long the interpreter's exit waits for the tasks of the loop, in seconds.
const EXIT_TIMEOUT: f64 = 5.0;

/// Returns the locals of an event loop that runs in the background, with a copy of the current context. The first call starts
/// it, on a thread of its own.
///
/// It is for synchronous code that has to await Python: an awaitable that is converted by
/// [`into_future_with_locals`](crate::into_future_with_locals) with these locals runs there, whatever runs on this thread.
/// `block_on` and `block_on_background` use it by themselves.
///
/// When Python exits, the tasks of the loop are cancelled and awaited, for up to 5 seconds, and it is closed. The child of a
/// fork starts one of its own. Where Python code has stopped or closed the loop, the next call starts another one.
///
/// # Errors
///
/// `RuntimeError`: Python exits, or gives no thread. `OSError`: the process has no file descriptor left.
pub fn background_loop(py: Python<'_>) -> PyResult<TaskLocals> {
    TaskLocals::with_current_context(event_loop(py)?)
}

/// Returns locals with the loop in the background, which the first conversion starts.
pub(crate) fn on_demand(py: Python<'_>) -> PyResult<Polled> {
    let polled = task_locals::polled();
    let context = match polled.as_ref().and_then(|locals| locals.context_if_any(py)) {
        Some(context) => context.clone(),
        None => contextvars::copy_current(py)?,
    };
    Ok(Polled::OnDemand(LoopOnDemand::new(event_loop, context)))
}

/// Whether this is the thread of the loop.
pub(crate) fn is_running_here(py: Python<'_>) -> PyResult<bool> {
    match running(py) {
        Some((event_loop, _thread)) => asyncio::is_running_here(&event_loop),
        None => Ok(false),
    }
}

/// The loop and the `threading.Thread` that runs it.
type Background<T> = (T, T);

/// With the generation of the process that has started it.
static BACKGROUND: Mutex<Option<(Background<Py<PyAny>>, u32)>> = Mutex::new(None);
/// The exit hook has been called.
static HAS_ENDED: AtomicBool = AtomicBool::new(false);

/// Returns the loop; starts it the first time.
fn event_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    if let Some((event_loop, _thread)) = running(py) {
        if !event_loop
            .call_method0(intern!(py, "is_closed"))?
            .is_truthy()?
        {
            return Ok(event_loop);
        }
    }
    start(py)
}

#[cold]
fn start(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    register_hook(py)?;
    if HAS_ENDED.load(Ordering::SeqCst) {
        return Err(PyRuntimeError::new_err(
            "the event loop in the background has ended, because Python exits",
        ));
    }
    let before = running(py).map(|(event_loop, _thread)| event_loop);
    // No lock is held meanwhile, since this runs Python code.
    let started: Background<Bound<'_, PyAny>> = module(py)?.call_method0("start")?.extract()?;
    if let Some(other) = replace(before.as_ref(), &started) {
        // Another thread was faster.
        stop(py, started)?;
        return Ok(other.bind(py).clone());
    }
    Ok(started.0)
}

/// Returns the loop that this process has started, and its thread.
fn running(py: Python<'_>) -> Option<Background<Bound<'_, PyAny>>> {
    let background = lock();
    let ((event_loop, thread), started_in) = background.as_ref()?;
    let is_own = *started_in == generation();
    is_own.then(|| (event_loop.bind(py).clone(), thread.bind(py).clone()))
}

/// Enters a loop in the place of `before`. Returns the other one that has been entered meanwhile, if there is one.
fn replace(
    before: Option<&Bound<'_, PyAny>>,
    started: &Background<Bound<'_, PyAny>>,
) -> Option<Py<PyAny>> {
    static HOLD: Once = Once::new();
    HOLD.call_once(|| hold_over_forks(|| Box::new(lock())));
    let (event_loop, thread) = started;
    let py = event_loop.py();
    let entry = (
        (event_loop.clone().unbind(), thread.clone().unbind()),
        generation(),
    );
    let mut background = lock();
    let entered = background
        .as_ref()
        .filter(|(_, started_in)| *started_in == generation())
        .map(|((event_loop, _), _)| event_loop);
    if let Some(other) = entered.filter(|other| !before.is_some_and(|before| other.is(before))) {
        return Some(other.clone_ref(py));
    }
    let gone = background.replace(entry);
    drop(background);
    if gone
        .as_ref()
        .is_some_and(|(_, started_in)| *started_in != generation())
    {
        // The parent's loop: its finalizer would close what both processes have, and what is pending on it would be reported.
        std::mem::forget(gone);
    }
    None
}

fn stop(py: Python<'_>, background: Background<Bound<'_, PyAny>>) -> PyResult<()> {
    let (event_loop, thread) = background;
    module(py)?.call_method1("stop", (event_loop, thread, EXIT_TIMEOUT))?;
    Ok(())
}

/// Has the loop ended when the interpreter exits, before the bridge's own hook, which is registered first: `atexit` calls the
/// last one first.
fn register_hook(py: Python<'_>) -> PyResult<()> {
    static REGISTERED: AtomicBool = AtomicBool::new(false);
    register_exit(py)?;
    if REGISTERED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    let hook = PyCFunction::new_closure(py, None, None, |args, _| {
        HAS_ENDED.store(true, Ordering::SeqCst);
        let py = args.py();
        running(py).map_or(Ok(()), |background| stop(py, background))
    });
    hook.and_then(|hook| asyncio::atexit_register(py)?.call1((hook,)))
        .inspect_err(|_| REGISTERED.store(false, Ordering::Relaxed))?;
    Ok(())
}

fn module(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let load = || PyModule::from_code(py, SOURCE, c"background.py", c"pyo3_aio_background");
    let module = MODULE.get_or_try_init(py, || load().map(Bound::unbind))?;
    Ok(module.bind(py))
}

fn lock() -> MutexGuard<'static, Option<(Background<Py<PyAny>>, u32)>> {
    BACKGROUND.lock().unwrap_or_else(PoisonError::into_inner)
}

const SOURCE: &std::ffi::CStr = c_str!(include_str!("background.py"));
