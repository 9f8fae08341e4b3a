//! The items of a generator that wait for the consumer, and how they end.
//!
//! Guarantees:
//! - What ends the items comes after every item, once.
//! - No lock is held while Python code runs, a Python object is dropped, or a waker is called.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;

/// How many items wait for the consumer; as many again may be with it.
pub(crate) const BUFFER: usize = 128;

/// The items, between the loop's thread and the consumer.
#[derive(Default)]
pub(crate) struct Buffer {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    items: VecDeque<Py<PyAny>>,
    end: Option<End>,
    waker: Option<Waker>,
    /// The stream was dropped, and what waits for it is of no use.
    dropped: bool,
}

/// How the items end.
pub(crate) enum End {
    Exhausted,
    /// The generator has raised; somebody has to be told.
    Raised(PyErr),
    /// By what others know of: a cancellation, or the end of the loop.
    Stopped(PyErr),
}

impl Buffer {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Only moves happen under this lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Swaps the waiting items for the empty `taken`; `None` is the end.
    pub(crate) fn poll_take(
        &self,
        cx: &mut Context<'_>,
        taken: &mut VecDeque<Py<PyAny>>,
    ) -> Poll<Option<PyResult<()>>> {
        // Cloning one, and dropping one, may run a runtime's code, which the lock must not be held for.
        let waker = cx.waker().clone();
        let mut inner = self.lock();
        if !inner.items.is_empty() {
            std::mem::swap(&mut inner.items, taken);
            return Poll::Ready(Some(Ok(())));
        }
        let Some(end) = &mut inner.end else {
            let before = inner.waker.replace(waker);
            drop(inner);
            drop(before);
            return Poll::Pending;
        };
        match std::mem::replace(end, End::Exhausted) {
            End::Exhausted => Poll::Ready(None),
            End::Raised(error) | End::Stopped(error) => Poll::Ready(Some(Err(error))),
        }
    }

    /// How many items may be added.
    pub(crate) fn room(&self) -> usize {
        BUFFER.saturating_sub(self.lock().items.len())
    }

    /// Adds items and wakes the consumer, from the loop's thread.
    pub(crate) fn add(&self, items: &mut Vec<Py<PyAny>>) {
        let mut inner = self.lock();
        inner.items.extend(items.drain(..));
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Ends the items, unless that has been done.
    pub(crate) fn end(&self, end: End) {
        let mut inner = self.lock();
        if inner.end.is_some() {
            drop(inner);
            drop(end);
            return;
        }
        inner.end = Some(end);
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The stream was dropped, and brings back what it has not given; true when there is something for
    /// [`Buffer::take_leftovers`].
    pub(crate) fn drop_stream(&self, taken: VecDeque<Py<PyAny>>) -> bool {
        let mut inner = self.lock();
        inner.dropped = true;
        let waker = inner.waker.take();
        inner.items.extend(taken);
        let leaves = !inner.items.is_empty() || !matches!(inner.end, None | Some(End::Exhausted));
        drop(inner);
        drop(waker);
        leaves
    }

    /// Takes out what nobody will take, to be dropped on the loop's thread.
    pub(crate) fn take_leftovers(&self) -> Option<(VecDeque<Py<PyAny>>, Option<End>)> {
        let mut inner = self.lock();
        if !inner.dropped {
            return None;
        }
        let items = std::mem::take(&mut inner.items);
        let end = inner.end.as_mut();
        let end = end.map(|end| std::mem::replace(end, End::Exhausted));
        Some((items, end))
    }
}
