//! The type [`PyStream`] and the functions that make one.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;

use crate::convert::into_stream::shared_stream::{Errors, SharedStream};
use crate::task_locals::TaskLocals;

/// The items of a Python asynchronous generator that runs on its event loop.
///
/// A task on the loop steps the generator, whether or not this stream is polled, until the buffer is full. It goes on when the
/// consumer has taken the items in the buffer, all at once. Items that are ready at once are collected without an iteration of
/// the loop for each: at most 64 per iteration, and no longer than a millisecond.
///
/// - **Read-ahead**: the buffer begins with 16 items, and grows and shrinks with the consumer's pace, between 2 and 128 items, to
///   hold about a millisecond of its work. It is full, too, when the `bytes` and `bytearray`s in it have a mebibyte in all. So
///   few large items are held. [`PyStream::with_read_ahead`] sets another size.
///
/// - **Errors** of the generator are the last item, as the same exception object; so is `asyncio.CancelledError` when
///   the generator or its task is cancelled. An error that is not taken is reported to the loop's exception handler when
///   this is dropped.
/// - **Drop** stops the generator on the loop's next iteration: `CancelledError` is raised where it awaits, and then its
///   `aclose()`, where it has one, is awaited. An error in there is reported to the loop's exception handler.
/// - **Closed loop**: the last item is `RuntimeError: Event loop is closed`.
/// - **Shutdown**: [`shutdown`](crate::shutdown) stops the generator as a drop does; the last item, after those that have
///   come before, is a `RuntimeError` that says so.
/// - **Fork**: in the child of a `fork()` the last item is a `RuntimeError` that says so; a drop does nothing there.
///
/// Polling never attaches to Python.
#[derive(Debug)]
#[must_use = "dropping it closes the generator"]
pub struct PyStream {
    shared: Arc<SharedStream>,
    taken: VecDeque<Py<PyAny>>,
}

impl PyStream {
    /// Has the generator run ahead by this number of items, whatever the consumer's pace: so many wait for the consumer at
    /// most. Since the consumer takes all that wait at once, up to twice that number less one are held in all.
    ///
    /// With 1 the generator makes the next item while the consumer works with one; 0 is taken as 1. Bytes do not count then. Items
    /// that came before this call stay.
    ///
    /// ```
    /// # use pyo3::prelude::*;
    /// # use pyo3_aio::{PyStream, TaskLocals, into_stream_with_locals};
    /// fn chunks(locals: TaskLocals, download: Bound<'_, PyAny>) -> PyResult<PyStream> {
    ///     Ok(into_stream_with_locals(locals, download)?.with_read_ahead(1))
    /// }
    /// ```
    pub fn with_read_ahead(self, items: usize) -> Self {
        self.shared.set_read_ahead(items.max(1));
        self
    }
}

impl Stream for PyStream {
    type Item = PyResult<Py<PyAny>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.taken.is_empty() {
            match ready!(this.shared.poll_take(cx, &mut this.taken)) {
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        Poll::Ready(this.taken.pop_front().map(Ok))
    }
}

impl Drop for PyStream {
    fn drop(&mut self) {
        self.shared.drop_stream(std::mem::take(&mut self.taken));
    }
}

/// A [`PyStream`] of the items alone, for the `_v2` functions of pyo3-async-runtimes: it ends at an error, which the loop's
/// exception handler is called with.
#[derive(Debug)]
#[must_use = "dropping it closes the generator"]
pub struct PyItems(PyStream);

impl PyItems {
    /// Has the generator run ahead by this number of items; see [`PyStream::with_read_ahead`].
    pub fn with_read_ahead(self, items: usize) -> Self {
        Self(self.0.with_read_ahead(items))
    }
}

impl Stream for PyItems {
    type Item = Py<PyAny>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.0).poll_next(cx));
        Poll::Ready(item.and_then(Result::ok))
    }
}

/// Converts a Python asynchronous generator into a Rust stream; it runs on the loop of the current task, else on the
/// loop that runs on this thread. It needs no Rust runtime.
///
/// See [`PyStream`], and [`into_stream_with_locals`] for an example.
///
/// # Errors
///
/// `TypeError`: the object is no asynchronous iterable. `RuntimeError`: there is no running event loop, or it is closed.
pub fn into_stream(async_gen: Bound<'_, PyAny>) -> PyResult<PyStream> {
    into_stream_with_locals(TaskLocals::current(async_gen.py())?, async_gen)
}

/// Converts a Python asynchronous generator into a Rust stream; it runs on the loop and in the context of the locals.
///
/// Anything that `async for` takes will do, and an object that has only `__anext__` too.
///
/// ```
/// # use std::{future::poll_fn, pin::Pin};
/// # use pyo3::prelude::*;
/// use futures_core::Stream;
/// use pyo3_aio::{TaskLocals, into_stream_with_locals};
///
/// /// Adds up what an asynchronous generator yields.
/// async fn sum(locals: TaskLocals, numbers: Py<PyAny>) -> PyResult<u64> {
///     let numbers =
///         Python::attach(|py| into_stream_with_locals(locals, numbers.into_bound(py)))?;
///     let mut numbers = Box::pin(numbers);
///     let mut sum = 0;
///     while let Some(number) = poll_fn(|cx| numbers.as_mut().poll_next(cx)).await {
///         let number = number?;
///         sum += Python::attach(|py| number.extract::<u64>(py))?;
///     }
///     Ok(sum)
/// }
/// ```
///
/// # Errors
///
/// `TypeError`: the object is no asynchronous iterable. `RuntimeError: Event loop is closed`.
pub fn into_stream_with_locals(
    locals: TaskLocals,
    async_gen: Bound<'_, PyAny>,
) -> PyResult<PyStream> {
    stream(locals, async_gen, Errors::Deliver)
}

/// Converts a Python asynchronous generator into a Rust stream of its items. Errors go to the loop's exception handler.
pub(crate) fn into_items_with_locals(
    locals: TaskLocals,
    async_gen: Bound<'_, PyAny>,
) -> PyResult<PyItems> {
    stream(locals, async_gen, Errors::Report).map(PyItems)
}

fn stream(locals: TaskLocals, async_gen: Bound<'_, PyAny>, errors: Errors) -> PyResult<PyStream> {
    let py = async_gen.py();
    if !async_gen.hasattr(intern!(py, "__aiter__"))?
        && !async_gen.hasattr(intern!(py, "__anext__"))?
    {
        let class = async_gen.get_type();
        return Err(PyTypeError::new_err(format!(
            "an asynchronous iterable is required, got an object of type {}",
            class.name()?
        )));
    }
    Ok(PyStream {
        shared: SharedStream::start(async_gen, locals, errors)?,
        taken: VecDeque::new(),
    })
}
