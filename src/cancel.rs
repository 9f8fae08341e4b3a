//! [`CancelHandle`], which tells a Rust future that Python cancels it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;

/// Tells a Rust future that Python wants it cancelled, so that it can clean up, or finish all the same.
///
/// The future decides how it ends, and Python sees what it returns: a future that returns the exception of the
/// cancellation ends as cancelled, and one that never looks at its handle is not cancelled at all. The future is dropped
/// without being told when its event loop is closed, when its coroutine is collected, and by
/// [`shutdown`](crate::shutdown).
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
    /// Waits for the next cancellation, and returns its exception: `asyncio.CancelledError` with its message, or another
    /// exception that was thrown into the coroutine.
    ///
    /// A cancellation that comes before the earlier one has been taken replaces it. Dropping the future of this function
    /// loses none.
    pub async fn cancelled(&mut self) -> PyErr {
        std::future::poll_fn(|cx| self.poll_cancelled(cx)).await
    }

    /// Polls for the next cancellation; only the waker of the last poll is woken.
    pub fn poll_cancelled(&mut self, cx: &mut Context<'_>) -> Poll<PyErr> {
        // Cloning and dropping a waker runs code of its executor, which must not find the lock taken.
        let waker = cx.waker().clone();
        let mut state = self.signal.lock();
        if let Some(exception) = state.exception.take() {
            return Poll::Ready(exception);
        }
        let old_waker = state.waker.replace(waker);
        drop(state);
        drop(old_waker);
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

/// The sender of cancellations to a [`CancelHandle`]. The coroutine or future of Python owns it; `send` is called on
/// the thread that cancels, which is attached to Python.
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
    /// Hands over a cancellation, in place of one that has not been taken yet, and wakes the future.
    pub(crate) fn send(&self, exception: PyErr) {
        let mut state = self.lock();
        let old_exception = state.exception.replace(exception);
        let waker = state.waker.take();
        drop(state);
        drop(old_exception);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
