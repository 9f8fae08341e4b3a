//! The items of a generator that wait for the consumer, and their end.
//!
//! The loop's thread adds items and ends them; the consumer's thread takes them and drops the stream.
//!
//! Guarantees:
//! - The end comes after every item, once.
//! - No lock is held while Python code runs, a Python object is dropped, or a waker is cloned, called or dropped.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;

/// The most items that wait for the consumer. The consumer may have taken as many again.
pub(crate) const BUFFER: usize = 128;

/// The items, between the loop's thread and the consumer.
#[derive(Default)]
pub(crate) struct Buffer {
    state: Mutex<BufferState>,
}

#[derive(Default)]
struct BufferState {
    items: VecDeque<Py<PyAny>>,
    end: Option<StreamEnd>,
    waker: Option<Waker>,
    /// The stream was dropped. The loop's thread drops the items.
    dropped: bool,
}

/// The end of the items.
pub(crate) enum StreamEnd {
    Exhausted,
    /// The generator has raised: the consumer gets the error, or else it is reported.
    Raised(PyErr),
    /// A cancellation, or the end of the loop or of the bridge: the consumer gets the error, and nobody else has to.
    Stopped(PyErr),
}

impl Buffer {
    fn lock(&self) -> MutexGuard<'_, BufferState> {
        // Only moves happen under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Swaps the waiting items for the empty `taken`. `None` is the end.
    pub(crate) fn poll_take(
        &self,
        cx: &mut Context<'_>,
        taken: &mut VecDeque<Py<PyAny>>,
    ) -> Poll<Option<PyResult<()>>> {
        // A waker's clone and drop run a runtime's code.
        let waker = cx.waker().clone();
        let mut state = self.lock();
        if !state.items.is_empty() {
            std::mem::swap(&mut state.items, taken);
            return Poll::Ready(Some(Ok(())));
        }
        let Some(end) = &mut state.end else {
            let before = state.waker.replace(waker);
            drop(state);
            drop(before);
            return Poll::Pending;
        };
        match std::mem::replace(end, StreamEnd::Exhausted) {
            StreamEnd::Exhausted => Poll::Ready(None),
            StreamEnd::Raised(error) | StreamEnd::Stopped(error) => Poll::Ready(Some(Err(error))),
        }
    }

    /// The number of items that may be added.
    pub(crate) fn free_capacity(&self) -> usize {
        BUFFER.saturating_sub(self.lock().items.len())
    }

    /// Adds items and wakes the consumer, from the loop's thread.
    pub(crate) fn add(&self, items: &mut Vec<Py<PyAny>>) {
        let mut state = self.lock();
        state.items.extend(items.drain(..));
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Ends the items, unless an earlier call has.
    pub(crate) fn end(&self, end: StreamEnd) {
        let mut state = self.lock();
        if state.end.is_some() {
            drop(state);
            drop(end);
            return;
        }
        state.end = Some(end);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes back the items that a dropped stream has not given to its consumer. True when there is something for
    /// [`Buffer::take_leftovers`].
    pub(crate) fn drop_stream(&self, taken: VecDeque<Py<PyAny>>) -> bool {
        let mut state = self.lock();
        state.dropped = true;
        let waker = state.waker.take();
        state.items.extend(taken);
        let leaves =
            !state.items.is_empty() || !matches!(state.end, None | Some(StreamEnd::Exhausted));
        drop(state);
        drop(waker);
        leaves
    }

    /// Takes out what a dropped stream has left, to be dropped on the loop's thread.
    pub(crate) fn take_leftovers(&self) -> Option<(VecDeque<Py<PyAny>>, Option<StreamEnd>)> {
        let mut state = self.lock();
        if !state.dropped {
            return None;
        }
        let items = std::mem::take(&mut state.items);
        let end = state.end.as_mut();
        let end = end.map(|end| std::mem::replace(end, StreamEnd::Exhausted));
        Some((items, end))
    }
}
