//! Waits for a Rust future on a thread of Python's.
//!
//! The future runs on the runtime and sends its output to this thread, which waits detached from Python. Python's main
//! thread looks for signals meanwhile: when a handler raises, it cancels the future, and raises after that one has been
//! dropped.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::task::Poll;
use std::time::Duration;

use futures_channel::oneshot;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::{Unstarted, register_exit};
use crate::cancel::Signal;
use crate::panic::{CaughtPanic, catch};
use crate::program::background;
use crate::program::run::spawn;
use crate::program::waiting::wait;
use crate::python::{asyncio, current_locals, trio};
use crate::runtime::traits::{Pointers, Runtime};
use crate::task_locals;
use crate::task_locals::Polled;

/// The time between two looks for signals on Python's main thread.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// Runs a Rust future on the runtime, and waits for it on this thread, detached from Python.
///
/// The future has the locals of the current task. Where there are none, it has a copy of the current context, and conversions
/// in it use the loop in the background: see [`background_loop`](crate::background_loop), which the first of them starts. On
/// Python's main thread Ctrl-C, or another signal whose handler raises, cancels the future: the exception is raised after the
/// future has been dropped. While a poll that does not return keeps the future from being dropped, a second such signal raises
/// at once.
///
/// # Errors
///
/// The errors of the future; a panic of the future as [`RustPanic`](crate::err::RustPanic). `RuntimeError`, before anything is
/// started, where an event loop or trio runs on this thread: the wait would stop it, and with it whatever the future
/// waits for. [`block_on_background`] waits there too. `RuntimeError` too where this thread polls a future of the same runtime,
/// except on tokio with several threads, which puts another thread in the place of this one. `RuntimeError` as well when the
/// runtime is shut down or Python exits while the future is pending.
///
/// A task that the runtime was given by its own `spawn`, and not by `spawn` or a conversion of this library, is not
/// known here, and a wait in its poll may never end: call this within `spawn_blocking`, or tokio's `block_in_place`.
pub fn block_on<R, F, T>(py: Python<'_>, fut: F) -> PyResult<T>
where
    R: Runtime,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + 'static,
{
    let unstarted = Unstarted::new(fut, Pointers::<R>::VTABLE);
    refuse_running_loop(py)?;
    let locals = match current_locals::inherited() {
        Some(locals) => locals,
        None => background::on_demand(py)?,
    };
    run_and_wait::<R, F, T>(py, unstarted, locals, None)
}

/// Runs a Rust future on the runtime, and waits for it on this thread, also where an event loop runs on it: for synchronous
/// functions that are called in a notebook, whose cells run on an event loop.
///
/// Conversions in the future never use the loop of this thread, which stands still meanwhile, but the one in the background:
/// see [`background_loop`](crate::background_loop). The future has a copy of the current context. Everything else is as with
/// [`block_on`].
///
/// - Callbacks, timers and tasks of this thread's loop wait until this returns, as they wait for `time.sleep`. Where Python
///   code can await, a coroutine is better.
/// - Objects that belong to the loop of this thread are of no use to the future: what waits for an `asyncio.Queue`, a task or a
///   connection of that loop would wait for ever. Make them inside the future.
/// - On Python's main thread Ctrl-C cancels the future. Where `asyncio.run` runs the loop of this thread (Python 3.11 and later),
///   its handler takes the first Ctrl-C for its own main task and raises nothing, and the second one cancels the future.
///
/// # Errors
///
/// The errors of [`block_on`], but for a loop or trio that runs on this thread: that is `RuntimeError` only for the loop in the
/// background itself.
pub fn block_on_background<R, F, T>(py: Python<'_>, fut: F) -> PyResult<T>
where
    R: Runtime,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + 'static,
{
    let unstarted = Unstarted::new(fut, Pointers::<R>::VTABLE);
    block_on_background_cancellable::<R, F, T>(py, unstarted, None)
}

/// As [`block_on_background`]; a signal handler's exception is sent to `cancel_signal`, if there is one, and the future decides
/// when it ends.
pub(crate) fn block_on_background_cancellable<R, F, T>(
    py: Python<'_>,
    unstarted: Unstarted<F>,
    cancel_signal: Option<Arc<Signal>>,
) -> PyResult<T>
where
    R: Runtime,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + 'static,
{
    if background::is_running_here(py)? {
        return Err(PyRuntimeError::new_err(
            "block_on_background() would block the loop in the background, which runs on this thread: await the future \
             instead",
        ));
    }
    let locals = background::on_demand(py)?;
    run_and_wait::<R, F, T>(py, unstarted, locals, cancel_signal)
}

fn run_and_wait<R, F, T>(
    py: Python<'_>,
    unstarted: Unstarted<F>,
    locals: Polled,
    cancel_signal: Option<Arc<Signal>>,
) -> PyResult<T>
where
    R: Runtime,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + 'static,
{
    R::ensure_alive()?;
    register_exit(py)?;
    let is_main_thread = is_main_thread(py)?;
    wait::<R, _>(|| {
        let future = task_locals::scope_polled(locals, unstarted.into_inner());
        spawn_and_wait::<R, _, T>(py, future, cancel_signal, is_main_thread)
    })
}

fn spawn_and_wait<R, F, T>(
    py: Python<'_>,
    fut: F,
    cancel_signal: Option<Arc<Signal>>,
    is_main_thread: bool,
) -> PyResult<T>
where
    R: Runtime,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + 'static,
{
    let (sender, output) = mpsc::sync_channel(1);
    let (canceller, cancelled) = Canceller::new(cancel_signal);
    let task = async move {
        if let Some(output) = until_cancelled(catch(fut), cancelled).await {
            // It fails only after a second signal, when nobody waits any more.
            let _ = sender.send(output);
        }
    };
    // Detached, because a runtime that is shut down drops the future in here.
    py.detach(|| drop(spawn::<R, _>(task)));
    let received = if is_main_thread {
        wait_for_signals_too(py, output, canceller)?
    } else {
        let received = py.detach(move || output.recv().ok());
        drop(canceller);
        received
    };
    match received {
        Some(output) => output.unwrap_or_else(|panicked: CaughtPanic| Err(panicked.into())),
        None => Err(PyRuntimeError::new_err(
            "the Rust future was dropped before it finished: its runtime was shut down, or Python exits",
        )),
    }
}

/// Cancels a future that runs on the runtime.
struct Canceller {
    /// Dropping it drops the future.
    sender: Option<oneshot::Sender<()>>,
    /// Receives the exception in place of that.
    signal: Option<Arc<Signal>>,
    is_cancelled: bool,
}

impl Canceller {
    fn new(signal: Option<Arc<Signal>>) -> (Self, oneshot::Receiver<()>) {
        let (sender, cancelled) = oneshot::channel();
        let canceller = Self {
            sender: Some(sender),
            signal,
            is_cancelled: false,
        };
        (canceller, cancelled)
    }

    /// False where it has been called before.
    fn cancel(&mut self, error: impl FnOnce() -> PyErr) -> bool {
        if std::mem::replace(&mut self.is_cancelled, true) {
            return false;
        }
        match &self.signal {
            Some(signal) => signal.send(error()),
            None => self.sender = None,
        }
        true
    }
}

fn refuse_running_loop(py: Python<'_>) -> PyResult<()> {
    if asyncio::is_any_running_here(py)? || trio::is_running_here(py)? {
        return Err(PyRuntimeError::new_err(
            "block_on() would block the event loop that runs on this thread: await the future instead; \
             block_on_background() waits all the same, for a future that uses the loop in the background",
        ));
    }
    Ok(())
}

/// Whether this is the thread on which Python calls its signal handlers (the documentation of `signal`).
fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import(intern!(py, "threading"))?;
    let main = threading.call_method0(intern!(py, "main_thread"))?;
    let here = threading.call_method0(intern!(py, "get_ident"))?;
    main.getattr(intern!(py, "ident"))?.eq(here)
}

/// Waits, and cancels the future when a signal handler raises. `None` when the future was dropped before it was done.
fn wait_for_signals_too<T: Send>(
    py: Python<'_>,
    mut output: Receiver<T>,
    mut canceller: Canceller,
) -> PyResult<Option<T>> {
    let mut pending_error = None;
    loop {
        let received;
        (received, output) = py.detach(move || (output.recv_timeout(SIGNAL_INTERVAL), output));
        match (received, pending_error.take()) {
            (Err(RecvTimeoutError::Timeout), before) => pending_error = before,
            (received, None) => return Ok(received.ok()),
            (late, Some(error)) => {
                py.detach(|| drop(late));
                return Err(error);
            }
        }
        if let Err(error) = py.check_signals() {
            if !canceller.cancel(|| error.clone_ref(py)) {
                return Err(error);
            }
            pending_error = Some(error);
        }
    }
}

/// Runs a future until it is done, or until the sender is dropped: `None`.
async fn until_cancelled<F: Future>(
    future: F,
    mut cancelled: oneshot::Receiver<()>,
) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if Pin::new(&mut cancelled).poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(cx).map(Some)
    })
    .await
}
