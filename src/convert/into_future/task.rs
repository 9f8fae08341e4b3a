//! asyncio's rules about awaitables and tasks. Everything here is called on the loop's thread, except
//! [`require_awaitable`], [`is_awaitable`] and [`close_coroutine`].

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::python::{asyncio, trio};
use crate::task_locals::TaskLocals;

/// Checks that an object can be awaited.
///
/// # Errors
///
/// `TypeError`: it cannot.
pub(crate) fn require_awaitable(object: &Bound<'_, PyAny>) -> PyResult<()> {
    if is_awaitable(object)? {
        return Ok(());
    }
    let message = format!(
        "an awaitable is required, got an object of type {}",
        object.get_type().name()?
    );
    Err(PyTypeError::new_err(message))
}

/// Whether an object can be awaited.
pub(crate) fn is_awaitable(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = object.py();
    // `inspect.isawaitable` is slow. It also takes a generator that `types.coroutine` has made a coroutine.
    Ok(object.get_type().hasattr(intern!(py, "__await__"))?
        || asyncio::isawaitable(py)?.call1((object,))?.is_truthy()?)
}

/// Closes a coroutine that will not be started, so that Python does not warn that it was never awaited. Leaves any other
/// awaitable alone: its `close()` may mean something else.
pub(crate) fn close_coroutine(awaitable: &Bound<'_, PyAny>) {
    let py = awaitable.py();
    if let Err(error) = try_close_coroutine(awaitable) {
        error.write_unraisable(py, Some(awaitable));
    }
}

fn try_close_coroutine(awaitable: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = awaitable.py();
    let is_coroutine = awaitable.get_type().is(asyncio::coroutine_type(py)?)
        || asyncio::iscoroutine(py)?.call1((awaitable,))?.is_truthy()?;
    if is_coroutine {
        awaitable.call_method0(intern!(py, "close"))?;
    }
    Ok(())
}

/// Cancels an awaitable that no task was made of: a future is cancelled, a coroutine closed.
pub(crate) fn cancel_unstarted(awaitable: &Bound<'_, PyAny>, locals: &TaskLocals) -> PyResult<()> {
    let py = awaitable.py();
    if asyncio::isfuture(py)?.call1((awaitable,))?.is_truthy()? {
        // asyncio refuses a future of another loop, which may run on another thread.
        let future = ensure_future(awaitable, locals)?;
        return future.call_method0(intern!(py, "cancel")).map(drop);
    }
    close_coroutine(awaitable);
    Ok(())
}

/// Calls `cancel`, with a message if there is one: a future of another library may take none.
pub(crate) fn cancel_task(task: &Bound<'_, PyAny>, message: Option<String>) -> PyResult<()> {
    let cancel = task.getattr(intern!(task.py(), "cancel"))?;
    match message {
        Some(message) => cancel.call1((message,)),
        None => cancel.call0(),
    }
    .map(drop)
}

/// Drops a task that a closed loop has left pending, without "Task was destroyed but it is pending!" (`Task.__del__`) and
/// without "coroutine ... was never awaited". The library has made the task, and its Rust future gets an error.
pub(crate) fn discard_pending_task(task: &Bound<'_, PyAny>) {
    let py = task.py();
    // `asyncio.gather` sets this on its children.
    let silenced = task.setattr(intern!(py, "_log_destroy_pending"), false);
    let closed = silenced.and_then(|()| task.call_method0(intern!(py, "get_coro")));
    if let Ok(coroutine) = closed {
        close_coroutine(&coroutine);
    }
}

/// Makes a task of the awaitable in the locals' context, as `asyncio.ensure_future` does. A future is returned as it is. Under
/// trio it is a system task.
pub(crate) fn ensure_future<'py>(
    awaitable: &Bound<'py, PyAny>,
    locals: &TaskLocals,
) -> PyResult<Bound<'py, PyAny>> {
    let py = awaitable.py();
    let event_loop = locals.event_loop(py);
    if awaitable.get_type().is(asyncio::coroutine_type(py)?) && !trio::is_token(&event_loop) {
        return create_task(&event_loop, awaitable, locals);
    }
    ensure_future_unstarted(awaitable, locals)
}

/// As [`ensure_future`], and the task takes its first step in the loop's next iteration, unless the loop's own task factory
/// is eager.
pub(crate) fn ensure_future_unstarted<'py>(
    awaitable: &Bound<'py, PyAny>,
    locals: &TaskLocals,
) -> PyResult<Bound<'py, PyAny>> {
    let py = awaitable.py();
    let event_loop = locals.event_loop(py);
    if trio::is_token(&event_loop) {
        return trio::spawn_task(awaitable, copy_of_context(locals, py)?);
    }
    let keywords = PyDict::new(py);
    keywords.set_item(intern!(py, "loop"), event_loop)?;
    let ensure_future = asyncio::ensure_future(py)?;
    locals.run(py, |_| ensure_future.call((awaitable,), Some(&keywords)))
}

/// Makes a task of a coroutine. Where that changes nothing else, the task takes its first step at once, which saves a turn
/// of the loop (Python 3.12 and later, no task factory).
fn create_task<'py>(
    event_loop: &Bound<'py, PyAny>,
    coroutine: &Bound<'py, PyAny>,
    locals: &TaskLocals,
) -> PyResult<Bound<'py, PyAny>> {
    let py = coroutine.py();
    let factory = event_loop.call_method0(intern!(py, "get_task_factory"))?;
    if !factory.is_none() || !asyncio::makes_plain_tasks(event_loop)? {
        let create_task = event_loop.getattr(intern!(py, "create_task"))?;
        return locals.run(py, |_| create_task.call1((coroutine,)));
    }
    let keywords = PyDict::new(py);
    keywords.set_item(intern!(py, "loop"), event_loop)?;
    keywords.set_item(intern!(py, "eager_start"), true)?;
    if let Some(context) = copy_of_context(locals, py)? {
        keywords.set_item(intern!(py, "context"), context)?;
    }
    new_eager_task(coroutine, &keywords)
}

/// Returns a copy of the context, as every task has one (`Task.__init__`); the original may be in use.
fn copy_of_context<'py>(
    locals: &TaskLocals,
    py: Python<'py>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let context = locals.context_if_any(py);
    context
        .map(|context| context.call_method0(intern!(py, "copy")))
        .transpose()
}

/// Makes an `asyncio.Task` that takes its first step at once.
///
/// When that step raises KeyboardInterrupt or SystemExit, so does `Task.__init__` (`task_eager_start` in CPython's
/// `_asynciomodule.c`). A call of the class would then drop the task, whose finalizer reports an exception that was
/// never retrieved, although the caller gets it. So `__new__` and `__init__` are called one by one, and the exception
/// is retrieved in between.
fn new_eager_task<'py>(
    coroutine: &Bound<'py, PyAny>,
    keywords: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = coroutine.py();
    let (new, init) = asyncio::task_constructors(py)?;
    let task = new.bind(py).call1((asyncio::task_type(py)?,))?;
    if let Err(error) = init.bind(py).call((&task, coroutine), Some(keywords)) {
        // It fails where the task is not done; there is nothing to report then.
        let _ = task.call_method0(intern!(py, "exception"));
        return Err(error);
    }
    Ok(task)
}
