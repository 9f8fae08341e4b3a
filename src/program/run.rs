//! Event loops that run until a Rust future is done, and Rust tasks beside them.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::{spawned, spawned_blocking};
use crate::convert::into_coroutine::{CoroutineName, FirstPoll, RustCoroutine, Settings};
use crate::program::waiting::wait;
use crate::runtime::traits::{ContextExt, Pointers, Runtime};
use crate::task_locals::TaskLocals;

/// Runs a future with these locals current: conversions inside it use their loop and context.
#[expect(
    clippy::manual_async_fn,
    reason = "an async function would make `T: 'static` a condition, which an `impl ContextExt` that calls this cannot meet"
)]
pub fn scope<R, F, T>(locals: TaskLocals, fut: F) -> impl Future<Output = T> + Send + 'static
where
    R: ContextExt,
    F: Future<Output = T> + Send + 'static,
{
    async move { R::scope(locals, fut).await }
}

/// Spawns a future on the runtime, with the current locals.
///
/// The handle is ready when the task has ended; dropping it lets the task run on. Once the interpreter exits, the future
/// is dropped instead of polled, so that it does not attach to Python any more, and the handle is never ready.
///
/// The library registers its `atexit` function with the first conversion, or with the first `spawn` on a thread that is
/// attached to Python. Under the stable ABI, where a thread cannot tell whether it is attached, `spawn` registers nothing.
pub fn spawn<R, F>(fut: F) -> R::JoinHandle
where
    R: Runtime,
    F: Future<Output = ()> + Send + 'static,
{
    R::spawn(spawned(Pointers::<R>::VTABLE, fut))
}

/// Calls a function on a thread of the runtime that may block, with the current locals, as `asyncio.to_thread` does.
///
/// Conversions in the function, `block_on` and `spawn` use the loop and the context of the code that called this, and
/// [`TaskLocals::run`] enters that context for calls of Python.
///
/// The handle is ready when the function has returned; dropping it lets the function run on. The interpreter's exit waits at
/// most 5 seconds for functions that have begun. One that has not begun by then is not called, and its handle is never
/// ready.
pub fn spawn_blocking<R, F>(f: F) -> R::JoinHandle
where
    R: Runtime,
    F: FnOnce() + Send + 'static,
{
    R::spawn_blocking(spawned_blocking(f))
}

/// Runs an event loop until a Rust future is done, and returns its output.
///
/// The future runs on the runtime. The loop runs on this thread, and can be used again afterwards.
///
/// # Errors
///
/// The errors of the future; a panic of the future as [`RustPanic`](crate::err::RustPanic). `RuntimeError`, before anything is
/// started, when the loop is closed or running, when another loop runs on this thread, and where
/// [`block_on`](super::block_on::block_on) refuses to wait. `RuntimeError` also when the loop is stopped before the future
/// is done.
pub fn run_until_complete<R, F, T>(event_loop: &Bound<'_, PyAny>, fut: F) -> PyResult<T>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    run_with::<R, F, T>(event_loop.py(), fut, |coroutine| {
        event_loop.call_method1("run_until_complete", (coroutine,))
    })
}

/// Runs a Rust future on the runtime and a new event loop on this thread, as `asyncio.run` does.
///
/// SIGINT on Python's main thread cancels the future and then raises `KeyboardInterrupt`. Tasks that are left over are
/// cancelled and awaited; asynchronous generators and the loop are closed.
///
/// # Errors
///
/// The errors of the future; a panic of the future as [`RustPanic`](crate::err::RustPanic). `RuntimeError`, before anything is
/// started, when a loop runs on this thread, and where [`block_on`](super::block_on::block_on) refuses to wait.
pub fn run<R, F, T>(py: Python<'_>, fut: F) -> PyResult<T>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    // Looked up each time, because `nest_asyncio` replaces the function.
    let run = py
        .import(intern!(py, "asyncio"))?
        .getattr(intern!(py, "run"))?;
    run_with::<R, F, T>(py, fut, |coroutine| run.call1((coroutine,)))
}

/// Has `drive` run a coroutine around the future, and returns the output of the future, which Python never sees.
fn run_with<'py, R, F, T>(
    py: Python<'py>,
    fut: F,
    drive: impl FnOnce(Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>>,
) -> PyResult<T>
where
    R: Runtime,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    let output = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&output);
    let main = async move {
        let value = fut.await?;
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        Ok(())
    };
    let settings = Settings {
        first_poll: FirstPoll::OnRuntime,
        name: CoroutineName::Given(Cow::Borrowed("main")),
        ..Settings::default()
    };
    let coroutine = RustCoroutine::create(py, Pointers::<R>::unstarted(main), settings)?;
    let driven = wait::<R, _>(|| drive(coroutine.clone().into_any()));
    // A run that was refused has not started it.
    coroutine.get().close_unstarted(py)?;
    driven?;
    let output = output.lock().unwrap_or_else(PoisonError::into_inner).take();
    output.ok_or_else(|| {
        PyRuntimeError::new_err("the event loop stopped before the Rust future was done")
    })
}
