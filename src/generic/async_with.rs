//! Python's `async with` in Rust.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::conversion::FromPyObjectOwned;
use pyo3::prelude::*;

use crate::bridge::Unstarted;
use crate::convert::async_with;
use crate::convert::into_coroutine::{CoroutineName, FirstPoll, RustCoroutine, Settings};
use crate::convert::into_future::{call_on_loop, extract};
use crate::generic::conversions::get_current_locals;
use crate::runtime::traits::{ContextExt, Pointers, Runtime};

/// Runs a Rust future within Python's `async with manager as entered`.
///
/// `body` gets what `__aenter__` returns, extracted as `E`. The output is that of its future; None where `__aexit__` has
/// suppressed the exception that the future returned as its error.
///
/// ```
/// # #[cfg(feature = "tokio-runtime")] mod example {
/// use pyo3::prelude::*;
/// use pyo3_aio::tokio::{async_with, call_method};
///
/// /// `async with pool.acquire() as connection: return await connection.fetchval(query)`
/// async fn fetch(pool: Py<PyAny>, query: String) -> PyResult<Option<i64>> {
///     let acquire = Python::attach(|py| pool.call_method0(py, "acquire"))?;
///     async_with(&acquire, |connection: Py<PyAny>| async move {
///         call_method(&connection, "fetchval", (query,)).await
///     })
///     .await
/// }
/// # }
/// ```
///
/// The whole statement is one task of asyncio's, on the loop and in a copy of the context of the current task, so
/// `asyncio.timeout`, `asyncio.TaskGroup` and the scopes of anyio work. The future is polled on the runtime, and context
/// variables that `__aenter__` sets are there for conversions in it.
///
/// A manager that needs the running loop when it is made, such as `asyncio.timeout(1)`, is made within
/// [`run_on_loop`](crate::generic::run_on_loop).
///
/// - **Cancel**: when Python cancels the task, as `asyncio.timeout` does, the future is dropped before `__aexit__` is called
///   with the `CancelledError`.
/// - **Drop** of what this function returns does the same, and does not wait for `__aexit__`.
/// - **Panic**: `__aexit__` is called with a [`RustPanic`](crate::err::RustPanic), which then is the error.
/// - **Closed loop**: the future is dropped, and the error is `RuntimeError: Event loop is closed`.
///
/// # Errors
///
/// The errors of the future, of `__aenter__` and of `__aexit__`, and of the extraction, which `__aexit__` is told too. The
/// error of Python where the object is no asynchronous context manager. `RuntimeError`: there is no running event loop, or it
/// is closed.
pub async fn async_with<R, E, F, T>(
    manager: &Py<impl Sized>,
    body: impl FnOnce(E) -> F + Send + 'static,
) -> PyResult<Option<T>>
where
    R: Runtime + ContextExt,
    E: for<'py> FromPyObjectOwned<'py> + Send + 'static,
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: Send + 'static,
{
    let output = Arc::new(Mutex::new(None));
    let slot = Arc::clone(&output);
    let body = Unstarted::new(body, Pointers::<R>::VTABLE);
    let enter = |entered: Bound<'_, PyAny>| {
        let py = entered.py();
        let entered = extract::<E>(entered)?;
        let body = body.into_inner();
        let body = async move {
            let value = body(entered).await?;
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            Ok(())
        };
        let settings = Settings {
            first_poll: FirstPoll::OnRuntime,
            name: CoroutineName::Given(Cow::Borrowed("body")),
            ..Settings::default()
        };
        let coroutine = RustCoroutine::create(py, Pointers::<R>::unstarted(body), settings)?;
        Ok(coroutine.into_any().unbind())
    };
    let done = Python::attach(|py| {
        let manager = manager.as_any().clone_ref(py);
        let call = move |py: Python<'_>| {
            let enter = Box::new(enter);
            let coroutine = async_with::coroutine(manager.bind(py), enter)?;
            Ok(Some(coroutine.unbind()))
        };
        call_on_loop(py, &get_current_locals::<R>(py)?, Box::new(call))
    })?;
    done.await?;
    let value = output.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(value)
}
