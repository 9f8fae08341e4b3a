//! Conversions of Rust futures that are not `Send`: they stay on the thread that converts them.
//!
//! That thread polls the future and converts its output. Another future, on the runtime, waits for that and settles the
//! Python future.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_channel::oneshot::{self, Sender};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::{IntoPyObject, IntoPyObjectExt};

use crate::bridge::{Job, RuntimeVtable, Unstarted};
use crate::convert::future_into_py::{CancelPolicy, spawn_future};
use crate::err::catch_as_error;
use crate::panic::{CaughtPanic, catch};
use crate::task_locals::TaskLocals;

/// A future that runs as a local task of the thread that has made it.
pub(crate) type LocalTask = Pin<Box<dyn Future<Output = ()>>>;

/// Makes the Python future for a Rust future, and the future that the caller spawns as a local task of this thread. The
/// latter ends early when the Python future is cancelled.
///
/// # Errors
///
/// `RuntimeError: Event loop is closed`.
pub(crate) fn split<'py, F, T>(
    py: Python<'py>,
    vtable: &'static RuntimeVtable,
    locals: TaskLocals,
    fut: F,
) -> PyResult<(Bound<'py, PyAny>, LocalTask)>
where
    F: Future<Output = PyResult<T>> + 'static,
    T: for<'a> IntoPyObject<'a>,
{
    let (sender, receiver) = oneshot::channel();
    let output = async move { receiver.await.unwrap_or_else(|_| Err(aborted())) };
    let unstarted = Unstarted::new(Job::boxed(output), vtable);
    let future = spawn_future(py, unstarted, locals, CancelPolicy::AtOnce)?;
    // An async block captures `fut` alone. An async function would capture `T` too, which need not be `'static`.
    let run = async move {
        let (mut fut, mut sender) = (pin!(catch(fut)), sender);
        let output = poll_fn(|cx| poll_unless_cancelled(fut.as_mut(), &mut sender, cx)).await;
        if let Some(output) = output {
            // The receiver is gone if the Python future was cancelled meanwhile.
            let _ = sender.send(catch_as_error(|| convert(output)));
        }
    };
    Ok((future.into_any(), Box::pin(run)))
}

/// Polls the future; the output is `None` when the Python future has been cancelled.
fn poll_unless_cancelled<F: Future>(
    future: Pin<&mut F>,
    sender: &mut Sender<PyResult<Py<PyAny>>>,
    cx: &mut Context<'_>,
) -> Poll<Option<F::Output>> {
    if sender.poll_canceled(cx).is_ready() {
        return Poll::Ready(None);
    }
    future.poll(cx).map(Some)
}

/// Converts the output on this thread, which attaches to Python for it: the output is not `Send`, so that the loop's thread
/// cannot do it.
fn convert<T>(output: Result<PyResult<T>, CaughtPanic>) -> PyResult<Py<PyAny>>
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
