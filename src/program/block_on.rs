//! Waits for a Rust future on a thread of Python.

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

/// How often Python's main thread looks for signals while it waits.
const LOOK: Duration = Duration::from_millis(50);

/// Runs a Rust future on the runtime, and waits for it on this thread, detached from Python.
///
/// The future has the locals of the current task. On Python's main thread Ctrl-C, and whatever else a signal handler
/// of Python's raises, is raised after the future has been dropped; where a poll that does not return keeps it from
/// being dropped, the next one is raised at once.
///
/// # Errors
///
/// Those of the future; a panic of the future as [`RustPanic`](crate::err::RustPanic). `RuntimeError`, before anything is
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
    let held = Unstarted::new(fut, Pointers::<R>::VTABLE);
    let is_main_thread = prepare::<R>(py)?;
    wait::<R, _>(|| spawn_and_wait::<R, F, T>(py, held.into_inner(), is_main_thread))
}

fn spawn_and_wait<R, F, T>(py: Python<'_>, fut: F, is_main_thread: bool) -> PyResult<T>
where
    R: Runtime,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + 'static,
{
    let (sender, output) = mpsc::sync_channel(1);
    let (wanted, given_up) = oneshot::channel();
    let task = async move {
        if let Some(output) = unless_given_up(catch(fut), given_up).await {
            // The receiver waits until it has received.
            let _ = sender.send(output);
        }
    };
    // A runtime that is shut down drops it at once.
    py.detach(|| drop(spawn::<R, _>(task)));
    let received = if is_main_thread {
        wait_for_signals_too(py, output, wanted)?
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

/// Tells whether this is Python's main thread.
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

/// Python calls its signal handlers on one thread only.
fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import(intern!(py, "threading"))?;
    let main = threading.call_method0(intern!(py, "main_thread"))?;
    let here = threading.call_method0(intern!(py, "get_ident"))?;
    main.getattr(intern!(py, "ident"))?.eq(here)
}

/// Waits, and gives the future up when a signal handler raises. `None` when the future was dropped.
fn wait_for_signals_too<T: Send>(
    py: Python<'_>,
    mut output: Receiver<T>,
    wanted: oneshot::Sender<()>,
) -> PyResult<Option<T>> {
    let (mut wanted, mut raised) = (Some(wanted), None);
    loop {
        let received;
        (received, output) = py.detach(move || (output.recv_timeout(LOOK), output));
        match (received, raised.take()) {
            (Err(RecvTimeoutError::Timeout), before) => raised = before,
            (received, None) => return Ok(received.ok()),
            (late, Some(error)) => {
                py.detach(|| drop(late));
                return Err(error);
            }
        }
        if let Err(error) = py.check_signals() {
            if wanted.take().is_none() {
                return Err(error);
            }
            raised = Some(error);
        }
    }
}

/// Polls until the future is done; `None` as soon as nobody waits for it.
async fn unless_given_up<F: Future>(
    future: F,
    mut given_up: oneshot::Receiver<()>,
) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if Pin::new(&mut given_up).poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(cx).map(Some)
    })
    .await
}
