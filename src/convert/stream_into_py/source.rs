//! A Rust stream together with the item that it gave last.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pyo3::prelude::*;
use pyo3::{IntoPyObject, IntoPyObjectExt};

/// A stream whose items can become Python objects, without its type.
pub(crate) trait Source: Send {
    /// Polls for the next item, unless one is there. When this is ready, [`Source::take`] returns it.
    ///
    /// # Panics
    ///
    /// Where the stream does.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Takes and converts the item. `None` at the end of the stream.
    ///
    /// # Panics
    ///
    /// Where the conversion does.
    fn take(&mut self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>>;
}

/// The only [`Source`].
pub(crate) struct StreamSource<S, T> {
    stream: Pin<Box<S>>,
    next: NextItem<T>,
}

enum NextItem<T> {
    /// The stream has to be polled.
    Unknown,
    /// An item to convert. It stays when the awaitable that it was polled for is cancelled.
    Item(PyResult<T>),
    Exhausted,
}

impl<S, T> StreamSource<S, T>
where
    S: Stream<Item = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream: Box::pin(stream),
            next: NextItem::Unknown,
        }
    }
}

impl<S, T> Source for StreamSource<S, T>
where
    S: Stream<Item = PyResult<T>> + Send,
    T: for<'py> IntoPyObject<'py> + Send,
{
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let NextItem::Unknown = self.next {
            self.next = match ready!(self.stream.as_mut().poll_next(cx)) {
                Some(item) => NextItem::Item(item),
                None => NextItem::Exhausted,
            };
        }
        Poll::Ready(())
    }

    fn take(&mut self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        match std::mem::replace(&mut self.next, NextItem::Unknown) {
            NextItem::Item(item) => Some(item.and_then(|item| item.into_py_any(py))),
            NextItem::Exhausted | NextItem::Unknown => None,
        }
    }
}
