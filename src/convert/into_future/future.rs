//! The type [`PyFuture`] and the functions that make one.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pyo3::prelude::*;

use crate::convert::into_future::shared_future::SharedFuture;
use crate::convert::into_future::source::{LoopCall, Source};
use crate::convert::into_future::task::{close_coroutine, require_awaitable};
use crate::convert::trio_wait::hub_of_loop_or_run;
use crate::task_locals::TaskLocals;

/// The Rust side of a Python awaitable that runs on its event loop.
///
/// The awaitable is started at once, whether or not this future is polled.
///
/// - **Drop** cancels the Python task, on the loop's next iteration, and does not wait for its end. [`PyFuture::cancel`]
///   lets the end be awaited, and [`PyFuture::detach`] opts out. A drop cancels a task or another future that the
///   awaitable was already, too. Before the start, a coroutine is closed instead, and any other awaitable is left alone.
/// - **Errors** of the awaitable are its output, as the same exception object. An error that comes after this was dropped or
///   detached is reported to the loop's exception handler as never retrieved; a cancellation is not. Where the loop is
///   closed first, the output is `RuntimeError: Event loop is closed`.
/// - **trio**: a system task of the run awaits the awaitable, which may do whatever trio's tasks do. It is in no nursery and no
///   cancel scope of the task that awaits Rust; a drop cancels it, by a scope of its own. Errors that Rust does not take go to
///   `sys.unraisablehook`. Where the run ends first, the output is `trio.RunFinishedError`.
/// - **Shutdown**: after [`shutdown`](crate::shutdown) the output is a `RuntimeError` that says so, and the task is
///   cancelled as by a drop, when this is polled.
/// - **Fork**: in the child of a `fork()` the output is a `RuntimeError` that says so; a drop does nothing there.
#[derive(Debug)]
#[must_use = "dropping it cancels the Python task"]
pub struct PyFuture {
    /// `None` once the output has been taken, or the future has been detached.
    shared: Option<Arc<SharedFuture>>,
}

impl PyFuture {
    /// Asks the Python task to cancel, as `Task.cancel()` does. Awaiting this future then gives the task's end.
    ///
    /// So Rust can wait until a coroutine has cleaned up, as after a time-out:
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use pyo3::prelude::*;
    /// # #[cfg(feature = "tokio-runtime")]
    /// async fn within(limit: Duration, mut future: pyo3_aio::PyFuture) -> PyResult<Py<PyAny>> {
    ///     match tokio::time::timeout(limit, &mut future).await {
    ///         Ok(output) => output,
    ///         Err(_elapsed) => {
    ///             future.cancel();
    ///             // Ready when the coroutine's `finally` blocks have run.
    ///             future.await
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// The loop's thread passes the request on; no other thread attaches to Python. A task that has not started yet takes no
    /// step. The output is `asyncio.CancelledError`, unless the coroutine catches that: then it is what the coroutine returns
    /// or raises.
    ///
    /// - **Again**: each call is one of `Task.cancel()`, and interrupts a clean-up that awaits something. A drop after a
    ///   call does not cancel once more: the clean-up goes on, and nobody waits for it.
    /// - **Too late**: an output that has come stays, and the call does nothing. So it does in the child of a `fork()`.
    /// - **Closed loop**: the output is `RuntimeError: Event loop is closed`.
    /// - **Errors and panics**: an exception that the awaitable's own `cancel()` raises goes to the loop's exception
    ///   handler, and the awaitable runs on. A panic of Rust code during the clean-up is the output, as
    ///   [`RustPanic`](crate::err::RustPanic).
    pub fn cancel(&self) {
        self.request_cancel(None);
    }

    /// As [`PyFuture::cancel`], with the message of the `asyncio.CancelledError` (`Task.cancel(msg)`).
    pub fn cancel_with_message(&self, message: impl Into<String>) {
        self.request_cancel(Some(message.into()));
    }

    /// Waits for the output, and leaves it there: a drop then reports an error to the loop, as never retrieved.
    pub(crate) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.shared
            .as_ref()
            .map_or(Poll::Ready(()), |shared| shared.poll_end(cx))
    }

    /// Takes the output if it is an error, after [`PyFuture::poll_end`] was ready.
    pub(crate) fn take_error(&self) -> Option<PyErr> {
        self.shared.as_ref()?.take_error()
    }

    fn request_cancel(&self, message: Option<String>) {
        if let Some(shared) = &self.shared {
            shared.cancel(message);
        }
    }

    /// Lets the Python task run on, and forgets its result.
    ///
    /// An exception that it raises, or has raised, is reported to the loop's exception handler as never retrieved.
    pub fn detach(mut self) {
        if let Some(shared) = self.shared.take() {
            shared.detach();
        }
    }
}

impl Future for PyFuture {
    type Output = PyResult<Py<PyAny>>;

    /// # Panics
    ///
    /// When it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let shared = self
            .shared
            .as_ref()
            .expect("a PyFuture is not polled after it was ready");
        let output = ready!(shared.poll_output(cx));
        self.shared = None;
        Poll::Ready(output)
    }
}

impl Drop for PyFuture {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.give_up();
        }
    }
}

/// Converts a Python awaitable into a Rust future; the awaitable runs on the loop of the current task, else on the
/// loop, or in the run of trio, that runs on this thread. It needs no Rust runtime.
///
/// The awaitable is started at once, on the loop's thread and in a copy of the current context. What happens on drop
/// and on a closed loop: [`PyFuture`].
///
/// # Errors
///
/// `TypeError`: the object is not awaitable. `RuntimeError`: there is no running event loop, or it is closed. A coroutine is
/// closed then.
pub fn into_future(awaitable: Bound<'_, PyAny>) -> PyResult<PyFuture> {
    let locals =
        TaskLocals::current(awaitable.py()).inspect_err(|_| close_coroutine(&awaitable))?;
    into_future_with_locals(&locals, awaitable)
}

/// Converts a Python awaitable into a Rust future; the awaitable runs on the loop and in the context of the locals.
///
/// # Errors
///
/// `TypeError`: the object is not awaitable. `RuntimeError: Event loop is closed`.
pub fn into_future_with_locals(
    locals: &TaskLocals,
    awaitable: Bound<'_, PyAny>,
) -> PyResult<PyFuture> {
    let py = awaitable.py();
    require_awaitable(&awaitable)?;
    let hub =
        hub_of_loop_or_run(&locals.event_loop(py)).inspect_err(|_| close_coroutine(&awaitable))?;
    let shared = SharedFuture::start(hub, Source::Awaitable, awaitable.clone(), locals)
        .inspect_err(|_| close_coroutine(&awaitable))?;
    Ok(PyFuture {
        shared: Some(shared),
    })
}

/// Has the loop's thread call a function in the context of the locals, and run the awaitable that it returns, if it
/// does. Without one the output is None.
///
/// # Errors
///
/// `RuntimeError: Event loop is closed`.
pub(crate) fn call_on_loop(
    py: Python<'_>,
    locals: &TaskLocals,
    call: LoopCall,
) -> PyResult<PyFuture> {
    let hub = hub_of_loop_or_run(&locals.event_loop(py))?;
    let none = py.None().into_bound(py);
    let shared = SharedFuture::start(hub, Source::Call(call), none, locals)?;
    Ok(PyFuture {
        shared: Some(shared),
    })
}
