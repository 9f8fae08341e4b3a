//! Futures, coroutines and awaitables.

use std::sync::Arc;

use pyo3::IntoPyObject;
use pyo3::prelude::*;

use crate::bridge::register_exit;
use crate::cancel::CancelHandle;
use crate::convert::future_into_py::{CancelPolicy, spawn_future};
use crate::convert::into_future::{PyFuture, close_coroutine, into_future_with_locals};
use crate::generic::coroutine_builder::CoroutineBuilder;
use crate::python::current_locals::CurrentLocals;
use crate::runtime::traits::{ContextExt, Pointers, Runtime};
use crate::task_locals::TaskLocals;

/// Returns the locals of the current task, else the running loop with a copy of the current context.
///
/// An event loop that runs on this thread, started from within the poll of a task, comes before the locals of that task.
///
/// # Errors
///
/// `RuntimeError: no running event loop`.
pub fn get_current_locals<R: ContextExt>(py: Python<'_>) -> PyResult<TaskLocals> {
    // A future that is spawned with these locals may never convert anything, and has to end at the interpreter's exit too.
    register_exit(py)?;
    let locals = CurrentLocals::find(py, R::get_task_locals)?.into_locals()?;
    Ok(locals.with_loop(py))
}

/// Returns the event loop of the current task, else the running loop.
///
/// # Errors
///
/// `RuntimeError: no running event loop`.
pub fn get_current_loop<R: ContextExt>(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    Ok(CurrentLocals::find(py, R::get_task_locals)?.into_event_loop(py))
}

/// Converts a Rust future into a Python future on the loop of the locals, and starts it on the runtime at once.
///
/// See [`future_into_py`].
///
/// # Errors
///
/// `RuntimeError: Event loop is closed`.
pub fn future_into_py_with_locals<R, F, T>(
    py: Python<'_>,
    locals: TaskLocals,
    fut: F,
) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let unstarted = Pointers::<R>::unstarted(fut);
    Ok(spawn_future(py, unstarted, locals, CancelPolicy::AtOnce)?.into_any())
}

/// Converts a Rust future into a Python future, and starts it on the runtime at once.
///
/// The result is a future to all of asyncio (`await`, `gather`, `wait_for`, `shield`, callbacks), and belongs to the
/// loop of [`get_current_locals`]. Its type in stubs is `asyncio.Future[T]`.
///
/// - **Cancel**: `cancel()` makes it cancelled at once. An idle Rust future is dropped there and then; one that is
///   being polled is dropped when that poll returns.
/// - **Panic**: the exception is [`RustPanic`](crate::err::RustPanic), also where the conversion of `T` panics.
/// - **Closed loop**: the Rust future is dropped, and nothing is printed.
/// - **Errors**: an `Err` is raised as the same exception object, `StopIteration` as `RuntimeError` (PEP 479), and
///   `asyncio.CancelledError` as a cancellation. An exception that nobody has retrieved when the future is collected is
///   passed to the loop's exception handler, as for an `asyncio.Future`.
/// - **Drop**: a future that Python does not hold any more runs on.
/// - **Type**: `isinstance` with the class `asyncio.Future` is true of it, and so is `asyncio.isfuture`; `type` returns
///   another class.
///
/// # Errors
///
/// `RuntimeError`: there is no running event loop, it is closed, or it runs within the poll of a future of the runtime,
/// which would wait for itself; or, in a forked child, the runtime's threads are the parent's. `OSError`: the process has
/// no file descriptor left, and this is the first conversion on the loop.
///
/// # Panics
///
/// When the runtime has to be built and the operating system gives it no threads.
pub fn future_into_py<R, F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let unstarted = Pointers::<R>::unstarted(fut);
    let locals = get_current_locals::<R>(py)?;
    Ok(spawn_future(py, unstarted, locals, CancelPolicy::AtOnce)?.into_any())
}

/// Converts a Rust future into a Python coroutine (`collections.abc.Coroutine`), which starts when it is first awaited.
///
/// `asyncio.run(c)`, `asyncio.create_task(c)` and `await c` take it. The first `send` polls the future once on the
/// caller's thread, detached from Python and inside the runtime's context; a future that is pending then moves to the
/// runtime. Code that blocks before its first `.await` therefore blocks the event loop. Its type in stubs is
/// `Coroutine[Any, Any, T]`.
///
/// Under trio it is awaited like a coroutine of trio's, and by anyio on both backends. Coroutines of trio's that the future
/// awaits, by [`into_future`], run in system tasks of the run. Task groups of anyio before 4.14
/// start nothing on asyncio but what an `async def` made.
///
/// Its name is that of the Rust function which is `async` or contains the async block; [`CoroutineBuilder`] gives it another.
///
/// - **Never awaited**: Python's RuntimeWarning, with the name, and with where the coroutine was made if Python keeps track
///   of that (`cr_origin`, tracemalloc).
/// - **Errors of the first `send`**: `RuntimeError` where a pending future finds no running event loop, or one that runs
///   within a poll of the runtime, which would wait for itself; the same in the child of a fork with the runtime left
///   behind. `OSError` when the process has no file descriptor left.
/// - **Cancel**: the awaiter sees `CancelledError` after the Rust future has been dropped. A coroutine that is
///   collected drops its future.
/// - **Panic**: the exception is [`RustPanic`](crate::err::RustPanic).
/// - **Closed loop**: the Rust future is dropped, and nothing is printed.
///
/// # Errors
///
/// Only when Python has no memory left.
pub fn into_coroutine<R, F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    CoroutineBuilder::<R>::new().build(py, fut)
}

/// Converts a Rust future into a Python coroutine, and tells the future when Python cancels it; see [`CancelHandle`].
///
/// # Errors
///
/// Only when Python has no memory left.
pub fn into_coroutine_cancellable<R, C, F, T>(py: Python<'_>, make: C) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt,
    C: FnOnce(CancelHandle) -> F,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    CoroutineBuilder::<R>::new().build_cancellable(py, make)
}

/// Converts a Rust future into a Python future, and tells the Rust future when Python cancels it; see
/// [`CancelHandle`].
///
/// `cancel()` returns True, and the future is done when the Rust future is.
///
/// # Errors
///
/// `RuntimeError`: there is no running event loop, or it is closed.
pub fn future_into_py_cancellable<R, C, F, T>(py: Python<'_>, make: C) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt,
    C: FnOnce(CancelHandle) -> F,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let signal = Arc::default();
    let unstarted = Pointers::<R>::unstarted(make(CancelHandle::new(&signal)));
    let locals = get_current_locals::<R>(py)?;
    let policy = CancelPolicy::Signal(signal);
    let future = spawn_future(py, unstarted, locals, policy)?;
    Ok(future.into_any())
}

/// Converts a Python awaitable into a Rust future; the awaitable runs on the loop of [`get_current_locals`].
///
/// See [`into_future`](crate::into_future) at the root.
///
/// # Errors
///
/// `TypeError`: the object is not awaitable. `RuntimeError`: there is no running event loop, or it is closed. A coroutine is
/// closed then.
pub fn into_future<R: Runtime + ContextExt>(awaitable: Bound<'_, PyAny>) -> PyResult<PyFuture> {
    let locals =
        get_current_locals::<R>(awaitable.py()).inspect_err(|_| close_coroutine(&awaitable))?;
    into_future_with_locals(&locals, awaitable)
}
