//! How a Rust future hears that Python cancels it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;

/// Tells a Rust future that Python wants it cancelled, so that it can clean up, or finish all the same.
///
/// The future decides: what it returns is what Python sees. One that returns the exception that it is given ends as
/// cancelled; one that never looks is not cancelled at all. It is still dropped without a word when its loop is closed
/// or its coroutine is collected.
///
/// ```
/// # use pyo3::prelude::*;
/// # async fn work() -> PyResult<u32> { Ok(1) }
/// # async fn clean_up() {}
/// # #[cfg(feature = "tokio-runtime")]
/// fn careful(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
///     pyo3_aio::tokio::into_coroutine_cancellable(py, |mut cancel| async move {
///         tokio::select! {
///             done = work() => done,
///             exception = cancel.cancelled() => {
///                 clean_up().await;
///                 Err(exception)
///             }
///         }
///     })
/// }
/// ```
#[derive(Debug)]
pub struct CancelHandle {
    signal: Arc<Signal>,
}

impl CancelHandle {
    /// Waits for the next cancellation, and returns its exception: `asyncio.CancelledError` with the message, or
    /// whatever was thrown into the coroutine.
    pub async fn cancelled(&mut self) -> PyErr {
        std::future::poll_fn(|cx| self.poll_cancelled(cx)).await
    }

    /// Polls for the next cancellation; the last waker is the one that is woken.
    pub fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<PyErr> {
        // Clones and drops of wakers are other people's code.
        let waker = cx.waker().clone();
        let mut state = self.signal.lock();
        if let Some(exception) = state.exception.take() {
            return Poll::Ready(exception);
        }
        let before = state.waker.replace(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// Whether a cancellation waits to be taken by [`CancelHandle::cancelled`].
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.signal.lock().exception.is_some()
    }

    pub(crate) fn new(signal: &Arc<Signal>) -> Self {
        Self {
            signal: Arc::clone(signal),
        }
    }
}

/// Python's end of a [`CancelHandle`].
#[derive(Debug, Default)]
pub(crate) struct Signal {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    exception: Option<PyErr>,
    waker: Option<Waker>,
}

impl Signal {
    /// Tells the future; a cancellation that it has not taken yet is replaced.
    pub(crate) fn send(&self, exception: PyErr) {
        let mut state = self.lock();
        let before = state.exception.replace(exception);
        let waker = state.waker.take();
        drop(state);
        drop(before);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Only moves happen under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
