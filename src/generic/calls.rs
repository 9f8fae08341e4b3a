//! Calls of Python's functions from Rust.

use std::sync::{Arc, Mutex, PoisonError};

use pyo3::call::PyCallArgs;
use pyo3::prelude::*;

use crate::convert::into_future::{PyCall, call_on_loop};
use crate::generic::conversions::get_current_locals;
use crate::runtime::traits::{ContextExt, Runtime};

/// Calls an async function of Python's; awaiting the call gives its result, extracted as `T`.
///
/// ```
/// # #[cfg(feature = "tokio-runtime")] mod example {
/// use pyo3::prelude::*;
/// use pyo3_aio::tokio::{call, call_method};
///
/// async fn total(add: Py<PyAny>, account: Py<PyAny>) -> PyResult<u64> {
///     let sum: u64 = call(&add, (1, 2)).await?;
///     let balance: u64 = call_method(&account, "balance", ("EUR",))
///         .kwarg("timeout", 1.5)
///         .await?;
///     call(&account, ("close",)).without_result().await?;
///     Ok(sum + balance)
/// }
/// # }
/// ```
///
/// `T` is anything that PyO3 extracts; `Py<PyAny>` takes every result, None too. For a function of which the end alone matters
/// there is [`PyCall::without_result`]. See [`PyCall`] for the thread and the context of the call, and for what happens on drop
/// and on an error.
pub fn call<R, T>(
    function: &Py<impl Sized>,
    args: impl for<'py> PyCallArgs<'py> + Send + 'static,
) -> PyCall<'_, T>
where
    R: Runtime + ContextExt,
{
    PyCall::function(function.as_any(), args, get_current_locals::<R>)
}

/// Calls an async method of a Python object, as [`call`] does a function.
pub fn call_method<'a, R, T>(
    object: &'a Py<impl Sized>,
    name: &str,
    args: impl for<'py> PyCallArgs<'py> + Send + 'static,
) -> PyCall<'a, T>
where
    R: Runtime + ContextExt,
{
    PyCall::method(object.as_any(), name, args, get_current_locals::<R>)
}

/// Runs a function on the thread of the event loop of [`get_current_locals`], and returns its result.
///
/// It is for Python code that belongs to that thread and does not await: `asyncio.Queue.put_nowait`, `Event.set`, callbacks,
/// `loop.call_later`. The function is called by the loop as a callback of `call_soon` is: with that loop running, in the
/// context of the current task, and with no current `asyncio.Task`. The loop does nothing else meanwhile.
///
/// ```
/// # #[cfg(feature = "tokio-runtime")] mod example {
/// use pyo3::prelude::*;
/// use pyo3_aio::tokio::run_on_loop;
///
/// async fn report(queue: Py<PyAny>, progress: f64) -> PyResult<usize> {
///     run_on_loop(move |py| {
///         queue.call_method1(py, "put_nowait", (progress,))?;
///         queue.call_method0(py, "qsize")?.extract(py)
///     })
///     .await
/// }
/// # }
/// ```
///
/// - **Order**: the function is queued at the first poll. Functions and results are delivered in the order in which they are
///   queued.
/// - **Drop** of the future before the function is called drops the function, on the loop's thread.
/// - **Panic**: the error is [`RustPanic`](crate::err::RustPanic).
/// - **Closed loop**: the error is `RuntimeError: Event loop is closed`; a function that has not been called is dropped.
/// - **KeyboardInterrupt** and **SystemExit** are the error, and leave the loop's run too, as from a callback of asyncio.
///
/// # Errors
///
/// The errors of the function. `RuntimeError`: there is no running event loop, or it is closed.
pub async fn run_on_loop<R, F, T>(f: F) -> PyResult<T>
where
    R: Runtime + ContextExt,
    F: FnOnce(Python<'_>) -> PyResult<T> + Send + 'static,
    T: Send + 'static,
{
    let output = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&output);
    let called = Python::attach(|py| {
        let call = move |py: Python<'_>| {
            let value = f(py)?;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            // Where the future was dropped meanwhile, this drops the value.
            py.detach(|| drop(slot));
            Ok(None)
        };
        call_on_loop(py, &get_current_locals::<R>(py)?, Box::new(call))
    })?;
    called.await?;
    let value = output.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(value.expect("the function has returned"))
}
