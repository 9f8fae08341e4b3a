//! Futures that use another tokio runtime than the library's.

use std::pin::Pin;
use std::task::{Context, Poll};

use ::tokio::runtime::Handle;

/// Has a future use the runtime of `handle` in place of the library's, for its timers, sockets and `tokio::spawn`.
///
/// That runtime is current whenever the future is polled and when it is dropped. The future is still polled where its
/// conversion polls it: the library's runtime gives the thread, so that a coroutine may outlive the runtime of `handle`.
///
/// A coroutine is first polled when it is awaited, where the runtime that was current when it was made is so no more. With
/// one runtime for each client, for example, this keeps it:
///
/// ```
/// # use std::sync::Arc;
/// # use pyo3::prelude::*;
/// # use tokio::runtime::Runtime;
/// #[pyclass(frozen)]
/// struct Client {
///     runtime: Arc<Runtime>,
/// }
///
/// #[pymethods]
/// impl Client {
///     fn ping<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
///         let handle = self.runtime.handle().clone();
///         let ping = pyo3_aio::tokio::in_runtime(handle, async {
///             tokio::spawn(async { /* on the client's runtime */ }).await.unwrap();
///             Ok(())
///         });
///         pyo3_aio::tokio::into_coroutine(py, ping)
///     }
/// }
/// ```
///
/// # Panics
///
/// Where the future does. tokio panics where a future makes a timer or a socket of a runtime that is shut down.
pub fn in_runtime<F: Future>(handle: Handle, fut: F) -> impl Future<Output = F::Output> {
    InRuntime {
        handle,
        future: Some(Box::pin(fut)),
    }
}

/// Polls a future in the context of the library's runtime, so that tokio's timers, sockets and `spawn` work in it.
///
/// Futures that this library converts need no such thing. It is for those that something else polls, on a thread without a
/// runtime: PyO3's own `async fn` (its feature `experimental-async`) is polled on Python's thread.
///
/// ```
/// use std::time::Duration;
///
/// // #[pyfunction]
/// async fn nap() {
///     pyo3_aio::tokio::in_context(async {
///         tokio::time::sleep(Duration::from_millis(1)).await;
///     })
///     .await;
/// }
/// # let waker = std::task::Waker::noop();
/// # let mut nap = std::pin::pin!(nap());
/// # assert!(nap.as_mut().poll(&mut std::task::Context::from_waker(waker)).is_pending());
/// ```
///
/// Dropping it, and a panic, are the future's. `#[pyo3_aio::tokio::pyfunction]` does without.
pub fn in_context<F: Future>(fut: F) -> impl Future<Output = F::Output> {
    in_runtime(super::get_handle().clone(), fut)
}

struct InRuntime<F> {
    handle: Handle,
    /// `None` while this is dropped.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Future for InRuntime<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let _entered = this.handle.enter();
        match &mut this.future {
            Some(future) => future.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for InRuntime<F> {
    fn drop(&mut self) {
        let _entered = self.handle.enter();
        self.future = None;
    }
}
