//! Waits for a Rust future on a thread that no event loop has.
//!
//! The future runs on the runtime and sends its output to this thread, which waits detached from Python. Python's main
//! thread looks for signals meanwhile: when a handler raises, it cancels the future, and raises after that one has been
//! dropped.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::task::Poll;
use std::time::Duration;

use futures_channel::oneshot;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::{Unstarted, register_exit};
use crate::panic::{CaughtPanic, catch};
use crate::program::run::spawn;
use crate::program::waiting::wait;
use crate::python::{asyncio, trio};
use crate::runtime::traits::{Pointers, Runtime};

/// The time between two looks for signals on Python's main thread.
const SIGNAL_INTERVAL: Duration = Duration::from_millis(50);

/// Runs a Rust future on the runtime, and waits for it on this thread, detached from Python.
///
/// The future has the locals of the current task. On Python's main thread Ctrl-C, or another signal whose handler raises,
/// cancels it: the exception is raised after the future has been dropped. While a poll that does not return keeps the
/// future from being dropped, a second such signal raises at once.
///
/// # Errors
///
/// The errors of the future; a panic of the future as [`RustPanic`](crate::err::RustPanic). `RuntimeError`, before anything is
/// started, where an event loop or trio runs on this thread: the wait would stop it, and with it whatever the future
/// waits for. `RuntimeError` too where this thread polls a future of the same runtime, except on tokio with several
/// threads, which puts another thread in the place of this one. `RuntimeError` as well when the runtime is shut down or
/// Python exits while the future is pending.
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
    let is_main_thread = prepare::<R>(py)?;
    wait::<R, _>(|| spawn_and_wait::<R, F, T>(py, unstarted.into_inner(), is_main_thread))
}

fn spawn_and_wait<R, F, T>(py: Python<'_>, fut: F, is_main_thread: bool) -> PyResult<T>
where
    R: Runtime,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + 'static,
{
    let (sender, output) = mpsc::sync_channel(1);
    let (canceller, cancelled) = oneshot::channel();
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
        py.detach(move || output.recv().ok())
    };
    match received {
        Some(output) => output.unwrap_or_else(|panicked: CaughtPanic| Err(panicked.into())),
        None => Err(PyRuntimeError::new_err(
            "the Rust future was dropped before it finished: its runtime was shut down, or Python exits",
        )),
    }
}

/// Checks that this thread may wait; returns whether it is Python's main thread.
fn prepare<R: Runtime>(py: Python<'_>) -> PyResult<bool> {
    refuse_running_loop(py)?;
    R::ensure_alive()?;
    register_exit(py)?;
    is_main_thread(py)
}

fn refuse_running_loop(py: Python<'_>) -> PyResult<()> {
    if asyncio::is_any_running_here(py)? || trio::is_running_here(py)? {
        return Err(PyRuntimeError::new_err(
            "block_on() would block the event loop that runs on this thread: await the future instead",
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
    canceller: oneshot::Sender<()>,
) -> PyResult<Option<T>> {
    // Dropping the sender cancels.
    let (mut canceller, mut pending_error) = (Some(canceller), None);
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
            if canceller.take().is_none() {
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
