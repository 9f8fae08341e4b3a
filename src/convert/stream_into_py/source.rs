//! A Rust stream and, in the same place, the item that it gave last.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pyo3::prelude::*;
use pyo3::{IntoPyObject, IntoPyObjectExt};

/// A stream whose items can become Python objects, without its type.
pub(crate) trait Source: Send {
    /// Polls for the next item, unless one is waiting: [`Source::take`] has it when this is ready.
    ///
    /// # Panics
    ///
    /// Where the stream does.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<()>;

    /// Converts the item that is waiting, once; `None` at the end of the stream.
    ///
    /// # Panics
    ///
    /// Where the conversion does.
    fn take(&mut self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>>;
}

/// The only [`Source`].
pub(crate) struct Feed<S, T> {
    stream: Pin<Box<S>>,
    next: Next<T>,
}

enum Next<T> {
    /// The stream has to be polled.
    Unknown,
    /// Waits to be converted. It stays when the one who asked for it is cancelled.
    Item(PyResult<T>),
    End,
}

impl<S, T> Feed<S, T>
where
    S: Stream<Item = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream: Box::pin(stream),
            next: Next::Unknown,
        }
    }
}

impl<S, T> Source for Feed<S, T>
where
    S: Stream<Item = PyResult<T>> + Send,
    T: for<'py> IntoPyObject<'py> + Send,
{
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Next::Unknown = self.next {
            self.next = match ready!(self.stream.as_mut().poll_next(cx)) {
                Some(item) => Next::Item(item),
                None => Next::End,
            };
        }
        Poll::Ready(())
    }

    fn take(&mut self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        match std::mem::replace(&mut self.next, Next::Unknown) {
            Next::Item(item) => Some(item.and_then(|item| item.into_py_any(py))),
            Next::End | Next::Unknown => None,
        }
    }
}
