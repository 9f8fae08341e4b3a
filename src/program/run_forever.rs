//! Event loops that run until they are stopped, and how such a loop is closed.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyTuple};

use crate::bridge::end_loop;
use crate::python::asyncio;

/// The longest wait for Rust futures of a loop that are being polled when the loop is closed.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Runs an event loop on this thread until its `stop()` is called or Ctrl-C is pressed.
///
/// The loop is a new one; inside [`with_runtime`] it is the loop that was made there, unless that is closed. Afterwards
/// the loop is closed as [`with_runtime`] closes its own.
///
/// # Errors
///
/// `KeyboardInterrupt` on Ctrl-C; `RuntimeError` when a loop runs on this thread already.
pub fn run_forever(py: Python<'_>) -> PyResult<()> {
    let event_loop = loop_to_run(py)?;
    let ran = event_loop.call_method0("run_forever");
    let closed = close(&event_loop);
    ran?;
    closed
}

/// Makes an event loop for this thread, calls the function, and closes the loop with everything that belongs to it.
///
/// Inside the function, `asyncio.get_event_loop()` is that loop, and [`run_forever`] runs it. Afterwards left-over tasks
/// are cancelled and awaited, asynchronous generators are closed, and the Rust futures of that loop are dropped; for
/// those that are being polled just then it waits up to 5 seconds. Other loops go on: see [`shutdown`](crate::shutdown).
///
/// # Errors
///
/// The errors of the function; `RuntimeError` when a loop runs on this thread already.
///
/// # Panics
///
/// Where the function does, after all of that.
pub fn with_runtime<F, R>(py: Python<'_>, f: F) -> PyResult<R>
where
    F: FnOnce() -> PyResult<R>,
{
    refuse_running_loop(py)?;
    let event_loop = new_loop(py)?;
    let outer = LOOP.replace(Some(event_loop.clone().unbind()));
    let called = panic::catch_unwind(AssertUnwindSafe(f));
    LOOP.set(outer);
    let closed = close(&event_loop);
    let result = called.unwrap_or_else(|payload| panic::resume_unwind(payload))?;
    closed?;
    Ok(result)
}

thread_local! {
    /// The loop that [`with_runtime`] has made for this thread.
    static LOOP: RefCell<Option<Py<PyAny>>> = const { RefCell::new(None) };
}

fn loop_to_run(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    refuse_running_loop(py)?;
    let made = LOOP.with_borrow(|made| made.as_ref().map(|made| made.bind(py).clone()));
    match made {
        Some(event_loop) if !is_closed(&event_loop)? => Ok(event_loop),
        _ => new_loop(py),
    }
}

fn refuse_running_loop(py: Python<'_>) -> PyResult<()> {
    if !asyncio::is_any_running_here(py)? {
        return Ok(());
    }
    Err(PyRuntimeError::new_err(
        "an event loop is running on this thread already: await the future on it instead",
    ))
}

fn new_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let event_loop = asyncio::new_event_loop(py)?.call0()?;
    asyncio::set_event_loop(py)?.call1((&event_loop,))?;
    Ok(event_loop)
}

fn is_closed(event_loop: &Bound<'_, PyAny>) -> PyResult<bool> {
    event_loop.call_method0("is_closed")?.is_truthy()
}

/// Closes a loop as `asyncio.Runner.close` does (`asyncio/runners.py`), and drops the Rust futures that belong to it.
fn close(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    if is_closed(event_loop)? {
        return Ok(());
    }
    let shut_down = cancel_and_shut_down(event_loop);
    let py = event_loop.py();
    asyncio::set_event_loop(py)?.call1((py.None(),))?;
    end_loop(event_loop, TIMEOUT);
    event_loop.call_method0("close")?;
    shut_down
}

fn cancel_and_shut_down(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    cancel_tasks(event_loop)?;
    for shutdown in ["shutdown_asyncgens", "shutdown_default_executor"] {
        let shutdown = event_loop.call_method0(shutdown)?;
        event_loop.call_method1("run_until_complete", (shutdown,))?;
    }
    Ok(())
}

/// `_cancel_all_tasks` of `asyncio/runners.py`.
fn cancel_tasks(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = event_loop.py();
    let tasks = asyncio::all_tasks(py)?.call1((event_loop,))?;
    let tasks = tasks.try_iter()?.collect::<PyResult<Vec<_>>>()?;
    if tasks.is_empty() {
        return Ok(());
    }
    for task in &tasks {
        task.call_method0("cancel")?;
    }
    let keywords = [("return_exceptions", true)].into_py_dict(py)?;
    let gathered = asyncio::gather(py)?.call(PyTuple::new(py, &tasks)?, Some(&keywords))?;
    event_loop.call_method1("run_until_complete", (gathered,))?;
    tasks
        .iter()
        .try_for_each(|task| report_failure(event_loop, task))
}

fn report_failure(event_loop: &Bound<'_, PyAny>, task: &Bound<'_, PyAny>) -> PyResult<()> {
    if task.call_method0("cancelled")?.is_truthy()? {
        return Ok(());
    }
    let exception = task.call_method0("exception")?;
    if exception.is_none() {
        return Ok(());
    }
    let message = "unhandled exception while the event loop was being closed";
    asyncio::call_exception_handler(event_loop, message, exception, &[("task", task)])
}
