//! The conversions over any runtime, and the traits that a runtime implements.
//!
//! An `impl Runtime` that was written for pyo3-async-runtimes compiles unchanged. The modules of the runtimes that
//! come with this library ([`tokio`](crate::tokio), [`async_std`](crate::async_std), [`smol`](crate::smol)) have the
//! same functions without the type parameter.

use std::any::Any;
use std::borrow::Cow;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use futures_core::Stream;
use pyo3::IntoPyObject;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::asyncio;
use crate::awaitable::{CancelPolicy, spawn_future};
use crate::bridge::{Driver, Job, Runner, Work, register_exit, spawned};
use crate::cancel::CancelHandle;
use crate::caught::{Caught, catch};
use crate::coroutine::{FirstPoll, RustCoroutine, Settings};
use crate::locals::{self, Owner, TaskLocals};
use crate::pyfuture::{PyFuture, into_future_with_locals};
use crate::stream::{Feed, PyStream, RustGenerator, into_items_with_locals};

pub use crate::stream::into_stream_with_locals;

#[expect(deprecated, reason = "they are deprecated for the user")]
pub use crate::local::{local_future_into_py, local_future_into_py_with_locals};

/// How a task of a runtime ended that did not finish.
pub trait JoinError {
    /// Whether it panicked.
    fn is_panic(&self) -> bool;

    /// Returns the payload of the panic.
    ///
    /// # Panics
    ///
    /// When it did not panic.
    fn into_panic(self) -> Box<dyn Any + Send + 'static>;
}

impl JoinError for Caught {
    fn is_panic(&self) -> bool {
        true
    }

    fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        self.into_payload()
    }
}

/// A runtime that can run Rust futures.
pub trait Runtime: Send + 'static {
    /// How a task ended that did not finish.
    type JoinError: JoinError + Send;
    /// Finishes when the task does. Dropping it must not end the task.
    type JoinHandle: Future<Output = Result<(), Self::JoinError>> + Send;

    /// Runs a future in a new task.
    fn spawn<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static;

    /// Runs a function on a thread that may block.
    fn spawn_blocking<F>(f: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static;

    /// Calls a function inside the runtime's context, as far as the runtime has one that its futures need.
    fn enter(f: &mut dyn FnMut()) {
        f();
    }

    /// Checks that the runtime has its threads; called before a future is spawned.
    ///
    /// # Errors
    ///
    /// In a forked child whose parent's runtime cannot be replaced: an error that says so.
    fn ensure_alive() -> PyResult<()> {
        Ok(())
    }
}

/// A runtime that can run futures which are not `Send`.
pub trait SpawnLocalExt: Runtime {
    /// Runs a future in a new task on this thread.
    fn spawn_local<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + 'static;
}

/// A runtime that keeps [`TaskLocals`] with its tasks.
pub trait ContextExt: Runtime {
    /// Runs a future with these locals.
    fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static;

    /// Returns the locals of the current task.
    fn get_task_locals() -> Option<TaskLocals>;
}

/// A runtime that keeps [`TaskLocals`] with futures which are not `Send`.
pub trait LocalContextExt: Runtime {
    /// Runs a future with these locals.
    fn scope_local<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R>>>
    where
        F: Future<Output = R> + 'static;
}

/// The function pointers through which the bridge uses a runtime.
pub(crate) struct Pointers<R>(std::marker::PhantomData<R>);

impl<R: Runtime> Pointers<R> {
    pub(crate) const RUNNER: &'static Runner = &Runner {
        spawn: |driver: Driver| drop(R::spawn(driver)),
        enter: R::enter,
        ensure_alive: R::ensure_alive,
    };
}

/// Returns the locals of the current task, else the running loop with a copy of the current context.
///
/// Where an event loop was started on this thread from within the task, that loop counts.
///
/// # Errors
///
/// `RuntimeError: no running event loop`.
pub fn get_current_locals<R: ContextExt>(py: Python<'_>) -> PyResult<TaskLocals> {
    // What is spawned with them may never convert anything, and has to be ended all the same.
    register_exit(py)?;
    locals::owner(py, R::get_task_locals)?.into_locals()
}

/// Returns the event loop of the current task, else the running loop.
///
/// # Errors
///
/// `RuntimeError: no running event loop`.
pub fn get_current_loop<R: ContextExt>(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    match locals::owner(py, R::get_task_locals)? {
        Owner::Task(locals) => Ok(locals.event_loop(py)),
        Owner::Loop(event_loop) => Ok(event_loop),
    }
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
    let future = spawn_future(
        py,
        Job::boxed(fut),
        locals,
        Pointers::<R>::RUNNER,
        CancelPolicy::AtOnce,
    )?;
    Ok(future.into_any())
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
/// - An `Err` is raised as the same exception object; `StopIteration` as `RuntimeError` (PEP 479), and
///   `asyncio.CancelledError` as a cancellation.
/// - A future that Python does not hold any more runs on.
///
/// # Errors
///
/// `RuntimeError`: there is no running event loop, or it is closed.
pub fn future_into_py<R, F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    future_into_py_with_locals::<R, F, T>(py, get_current_locals::<R>(py)?, fut)
}

/// Converts a Rust future into a Python coroutine (`collections.abc.Coroutine`), which starts when it is first awaited.
///
/// `asyncio.run(c)`, `asyncio.create_task(c)` and `await c` take it. The first `send` polls the future once on the
/// caller's thread, detached from Python and inside the runtime's context; a future that is pending then moves to the
/// runtime. Code that blocks before its first `.await` therefore blocks the event loop. Its type in stubs is
/// `Coroutine[Any, Any, T]`.
///
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
    new_coroutine(py, Job::boxed(fut), settings::<R>())
}

/// Converts a Rust future into a Python coroutine of that name; see [`into_coroutine`].
///
/// The name is what `repr(task)` and debuggers show: `__qualname__`, and `__name__` from its last dot on.
///
/// # Errors
///
/// Only when Python has no memory left.
pub fn into_coroutine_with_name<R, F, T>(
    py: Python<'_>,
    name: impl Into<Cow<'static, str>>,
    fut: F,
) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let settings = Settings {
        name: name.into(),
        ..settings::<R>()
    };
    new_coroutine(py, Job::boxed(fut), settings)
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
    let signal = Arc::default();
    let work = Job::boxed(make(CancelHandle::new(&signal)));
    let settings = Settings {
        cancel: CancelPolicy::Told(signal),
        ..settings::<R>()
    };
    new_coroutine(py, work, settings)
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
    let locals = get_current_locals::<R>(py)?;
    let signal = Arc::default();
    let work = Job::boxed(make(CancelHandle::new(&signal)));
    let policy = CancelPolicy::Told(signal);
    let future = spawn_future(py, work, locals, Pointers::<R>::RUNNER, policy)?;
    Ok(future.into_any())
}

fn settings<R: Runtime>() -> Settings {
    Settings {
        runner: Pointers::<R>::RUNNER,
        first_poll: FirstPoll::OnCaller,
        cancel: CancelPolicy::AfterDrop,
        name: Cow::Borrowed("Coroutine"),
    }
}

fn new_coroutine(
    py: Python<'_>,
    work: Pin<Box<dyn Work>>,
    settings: Settings,
) -> PyResult<Bound<'_, PyAny>> {
    Ok(RustCoroutine::create(py, work, settings)?.into_any())
}

/// Converts a Python awaitable into a Rust future; the awaitable runs on the loop of [`get_current_locals`].
///
/// See [`into_future`](crate::into_future) at the root.
///
/// # Errors
///
/// `TypeError`: the object is not awaitable. `RuntimeError`: there is no running event loop, or it is closed.
pub fn into_future<R: Runtime + ContextExt>(awaitable: Bound<'_, PyAny>) -> PyResult<PyFuture> {
    let locals = get_current_locals::<R>(awaitable.py())?;
    into_future_with_locals(&locals, awaitable)
}

/// Converts a Python asynchronous generator into a Rust stream, on the loop of [`get_current_locals`].
///
/// How far it runs ahead, and what happens on an error, on drop and on a closed loop: [`PyStream`].
///
/// # Errors
///
/// `TypeError`: the object is no asynchronous iterable. `RuntimeError`: there is no running event loop, or it is closed.
pub fn into_stream<R: Runtime + ContextExt>(async_gen: Bound<'_, PyAny>) -> PyResult<PyStream> {
    into_stream_with_locals(get_current_locals::<R>(async_gen.py())?, async_gen)
}

/// The name of [`into_stream`] in pyo3-async-runtimes.
///
/// # Errors
///
/// Those of [`into_stream`].
pub fn into_stream_v1<R>(
    async_gen: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = PyResult<Py<PyAny>>> + Send + 'static + use<R>>
where
    R: Runtime + ContextExt,
{
    into_stream::<R>(async_gen)
}

/// The name of [`into_stream_with_locals`] in pyo3-async-runtimes.
///
/// # Errors
///
/// Those of [`into_stream_with_locals`].
pub fn into_stream_with_locals_v1<R>(
    locals: TaskLocals,
    async_gen: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = PyResult<Py<PyAny>>> + Send + 'static + use<R>>
where
    R: Runtime,
{
    into_stream_with_locals(locals, async_gen)
}

/// Converts a Python asynchronous generator into a Rust stream of its items alone, as pyo3-async-runtimes does.
///
/// The stream ends at an error, which is told to the loop's exception handler; [`into_stream`] delivers it.
///
/// # Errors
///
/// Those of [`into_stream`].
pub fn into_stream_v2<R>(
    async_gen: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = Py<PyAny>> + Send + 'static + use<R>>
where
    R: Runtime + ContextExt,
{
    into_stream_with_locals_v2::<R>(get_current_locals::<R>(async_gen.py())?, async_gen)
}

/// Converts a Python asynchronous generator into a Rust stream of its items alone, on the loop and in the context of the
/// locals; see [`into_stream_v2`].
///
/// # Errors
///
/// Those of [`into_stream_with_locals`].
pub fn into_stream_with_locals_v2<R>(
    locals: TaskLocals,
    async_gen: Bound<'_, PyAny>,
) -> PyResult<impl Stream<Item = Py<PyAny>> + Send + 'static + use<R>>
where
    R: Runtime + ContextExt,
{
    into_items_with_locals(locals, async_gen)
}

/// Converts a Rust stream into an asynchronous generator of Python (`collections.abc.AsyncGenerator`).
///
/// `async for` and `contextlib.aclosing` take it. Nothing is polled unless an item is asked for. The first step of
/// `__anext__()` polls the stream on the caller's thread, detached from Python and inside the runtime's context, so that
/// an item which is ready costs no trip to another thread; a stream that is pending moves to the runtime, and comes back
/// with its item. Its type in stubs is `AsyncGenerator[T, None]`.
///
/// - **Cancel**: a cancelled `__anext__()` raises `CancelledError` after the runtime has stopped polling. The generator
///   can be used again, and an item that had come meanwhile is what the next `__anext__()` returns. An item that
///   `__anext__()` has returned to a task belongs to that task.
/// - **Errors** are raised, as the same exception object, and end the generator as one that leaves an `async def` does;
///   `StopIteration` and `StopAsyncIteration` become `RuntimeError`.
/// - **Panic**: [`RustPanic`](crate::err::RustPanic), which ends the generator too.
/// - `aclose()`, `athrow()`, the end and the garbage collector drop the stream, inside the runtime's context and detached
///   from Python. `athrow()` raises its exception. The value of `asend()` is ignored, except that a new generator takes
///   none but None.
/// - One `__anext__()` at a time: another one meanwhile is a `RuntimeError`.
/// - **Closed loop**: the stream is dropped with the generator, and nothing is printed.
///
/// # Errors
///
/// Only when Python has no memory left.
pub fn stream_into_py<R, S, T>(py: Python<'_>, stream: S) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime,
    S: Stream<Item = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let generator = RustGenerator::new(Feed::new(stream), Pointers::<R>::RUNNER);
    Ok(Bound::new(py, generator)?.into_any())
}

/// Runs a future with these locals current: conversions inside it use their loop and context.
pub async fn scope<R, F, T>(locals: TaskLocals, fut: F) -> T
where
    R: ContextExt,
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    R::scope(locals, fut).await
}

/// Spawns a future on the runtime, with the current locals carried along.
///
/// The handle finishes when the task does; dropping it lets the task run on. Once the interpreter's exit has called
/// [`shutdown`](crate::shutdown), the future is dropped instead of polled, and the handle never finishes.
pub fn spawn<R, F>(fut: F) -> R::JoinHandle
where
    R: Runtime,
    F: Future<Output = ()> + Send + 'static,
{
    R::spawn(spawned(fut))
}

/// Runs an event loop until a Rust future is done, and returns its output.
///
/// The future runs on the runtime; the loop runs on this thread, and can be used again afterwards.
///
/// # Errors
///
/// Those of the future; `RuntimeError` when the loop is closed, is running, or another loop runs on this thread.
/// Nothing has been started then.
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
/// Those of the future; `RuntimeError` when a loop runs on this thread, in which case nothing has been started.
pub fn run<R, F, T>(py: Python<'_>, fut: F) -> PyResult<T>
where
    R: Runtime + ContextExt,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + Sync + 'static,
{
    let run = asyncio::asyncio_run(py)?;
    run_with::<R, F, T>(py, fut, |coroutine| run.call1((coroutine,)))
}

/// Drives a coroutine around the future by `drive`, and returns the future's output without a trip through Python.
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
        name: Cow::Borrowed("main"),
        ..settings::<R>()
    };
    drive(new_coroutine(py, Job::boxed(main), settings)?)?;
    let output = output.lock().unwrap_or_else(PoisonError::into_inner).take();
    output.ok_or_else(|| {
        PyRuntimeError::new_err("the event loop stopped before the Rust future was done")
    })
}

/// Runs a Rust future on the runtime, and waits for it on this thread, detached from Python.
///
/// The future has the locals of the current task. Ctrl-C is seen when the future is done: to be
/// interrupted, use [`run`].
///
/// # Errors
///
/// Those of the future; a panic of the future as [`RustPanic`](crate::err::RustPanic). `RuntimeError`, and nothing is
/// started, where an event loop runs on this thread: waiting would stop the loop, and with it whatever the future waits
/// for.
pub fn block_on<R, F, T>(py: Python<'_>, fut: F) -> PyResult<T>
where
    R: Runtime,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + 'static,
{
    if asyncio::is_any_running_here(py)? {
        return Err(PyRuntimeError::new_err(
            "block_on() would block the event loop that runs on this thread: await the future instead",
        ));
    }
    R::ensure_alive()?;
    register_exit(py)?;
    let (sender, receiver) = mpsc::sync_channel(1);
    drop(spawn::<R, _>(async move {
        // The receiver waits until it has received.
        let _ = sender.send(catch(fut).await);
    }));
    match py.detach(move || receiver.recv()) {
        Ok(Ok(output)) => output,
        Ok(Err(panicked)) => Err(panicked.into()),
        Err(_) => Err(PyRuntimeError::new_err(
            "the Rust future was dropped before it finished: its runtime was shut down, or Python exits",
        )),
    }
}
