//! Conversions of Rust futures that are not `Send`: they stay on the thread that converts them.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_channel::oneshot::{self, Sender};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::{IntoPyObject, IntoPyObjectExt};

use crate::bridge::{Held, Job};
use crate::convert::future_into_py::{CancelPolicy, spawn_future};
use crate::err::catch_as_error;
use crate::generic::get_current_locals;
use crate::panic::{Caught, catch};
use crate::runtime::{ContextExt, LocalContextExt, Pointers, Runtime, SpawnLocalExt};
use crate::task_locals::TaskLocals;

/// Converts a Rust future that is not `Send` into a Python future on the loop of the locals.
///
/// It is polled, and its output converted, where the runtime runs local tasks of this thread; see
/// [`future_into_py`](crate::generic::future_into_py) for the rest.
///
/// # Errors
///
/// `RuntimeError: Event loop is closed`.
///
/// # Panics
///
/// Where the runtime's `spawn_local` does: tokio's outside a `LocalSet`.
#[deprecated(
    note = "convert a future that is `Send`: the event loop runs on another thread than the future"
)]
pub fn local_future_into_py_with_locals<R, F, T>(
    py: Python<'_>,
    locals: TaskLocals,
    fut: F,
) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + SpawnLocalExt + LocalContextExt,
    F: Future<Output = PyResult<T>> + 'static,
    T: for<'py> IntoPyObject<'py>,
{
    let (sender, receiver) = oneshot::channel();
    let output = async move { receiver.await.unwrap_or_else(|_| Err(aborted())) };
    let held = Held::new(Job::boxed(output), Pointers::<R>::RUNNER);
    let future = spawn_future(py, held, locals.clone(), CancelPolicy::AtOnce)?;
    // A block, not a function: it borrows nothing of `T`, which need not be `'static`.
    let run = async move {
        let (mut fut, mut sender) = (pin!(catch(fut)), sender);
        let output = poll_fn(|cx| poll_while_wanted(fut.as_mut(), &mut sender, cx)).await;
        if let Some(output) = output {
            // Whoever cancels it just now needs no output.
            let _ = sender.send(catch_as_error(|| convert(output)));
        }
    };
    drop(R::spawn_local(R::scope_local(locals, run)));
    Ok(future.into_any())
}

/// Converts a Rust future that is not `Send` into a Python future; see [`local_future_into_py_with_locals`].
///
/// # Errors
///
/// `RuntimeError`: there is no running event loop, or it is closed.
///
/// # Panics
///
/// Where the runtime's `spawn_local` does: tokio's outside a `LocalSet`.
#[deprecated(
    note = "convert a future that is `Send`: the event loop runs on another thread than the future"
)]
pub fn local_future_into_py<R, F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt + SpawnLocalExt + LocalContextExt,
    F: Future<Output = PyResult<T>> + 'static,
    T: for<'py> IntoPyObject<'py>,
{
    #[expect(deprecated, reason = "so is this one")]
    local_future_into_py_with_locals::<R, F, T>(py, get_current_locals::<R>(py)?, fut)
}

/// Polls until the future is done; `None` as soon as nobody waits for it.
fn poll_while_wanted<F: Future>(
    future: Pin<&mut F>,
    sender: &mut Sender<PyResult<Py<PyAny>>>,
    cx: &mut Context<'_>,
) -> Poll<Option<F::Output>> {
    if sender.poll_canceled(cx).is_ready() {
        return Poll::Ready(None);
    }
    future.poll(cx).map(Some)
}

/// The one conversion that cannot wait for the loop's thread: the output is not `Send`.
fn convert<T>(output: Result<PyResult<T>, Caught>) -> PyResult<Py<PyAny>>
where
    T: for<'py> IntoPyObject<'py>,
{
    let converted = Python::try_attach(|py| match output {
        Ok(output) => output?.into_py_any(py),
        Err(panicked) => Err(panicked.into()),
    });
    converted.unwrap_or_else(|| Err(aborted()))
}

fn aborted() -> PyErr {
    PyRuntimeError::new_err("the local Rust future was dropped before it finished")
}
