//! The items of a generator that wait for the consumer, and their end.
//!
//! The loop's thread adds items and ends them; the consumer's thread takes them and drops the stream.
//!
//! Its capacity is the stream's read-ahead: a number that the user has set, or else about as many items as the consumer
//! works off in [`PACE`], at least [`MIN_CAPACITY`] and at most [`MAX_CAPACITY`], but no more bytes than [`MAX_BYTES`].
//!
//! Guarantees:
//! - The end comes after every item, once.
//! - No lock is held while Python code runs, a Python object is dropped, or a waker is cloned, called or dropped.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

/// The most items that wait for a consumer whose stream adapts. The consumer may have taken as many again.
pub(crate) const MAX_CAPACITY: usize = 128;
/// The capacity at first. A short stream is collected at once.
const FIRST_CAPACITY: usize = 16;
/// The capacity for a consumer that takes long for each item.
const MIN_CAPACITY: usize = 2;
/// The bytes that wait for a consumer whose stream adapts. The item that exceeds them is the last one. Only `bytes` and
/// `bytearray` count: other objects do not tell their size at no cost.
const MAX_BYTES: usize = 1 << 20;
/// The time that the consumer has work for with a full buffer. It is long beside the time that the loop and the consumer's
/// thread need to wake each other, some tens of microseconds, and short beside the work with an item of some megabytes.
const PACE: Duration = Duration::from_millis(1);

/// The items, between the loop's thread and the consumer.
#[derive(Default)]
pub(crate) struct Buffer {
    state: Mutex<BufferState>,
}

#[derive(Default)]
struct BufferState {
    items: VecDeque<Py<PyAny>>,
    /// The bytes of the items.
    bytes: usize,
    capacity: Capacity,
    end: Option<StreamEnd>,
    waker: Option<Waker>,
    /// The stream was dropped. The loop's thread drops the items.
    dropped: bool,
}

/// How many items may wait.
enum Capacity {
    /// The user has set it.
    Fixed(usize),
    /// It follows the consumer's pace.
    Adaptive {
        capacity: usize,
        /// When the consumer took the items that it works with, and whether those filled the buffer.
        taken: Option<(Instant, bool)>,
    },
}

impl Default for Capacity {
    fn default() -> Self {
        Self::Adaptive {
            capacity: FIRST_CAPACITY,
            taken: None,
        }
    }
}

impl Capacity {
    fn get(&self) -> usize {
        match *self {
            Self::Fixed(capacity) | Self::Adaptive { capacity, .. } => capacity,
        }
    }

    fn max_bytes(&self) -> usize {
        match self {
            Self::Fixed(_) => usize::MAX,
            Self::Adaptive { .. } => MAX_BYTES,
        }
    }

    /// Notes that the consumer has taken items.
    fn begin_work(&mut self, count: usize, now: Instant) {
        if let Self::Adaptive { capacity, taken } = self {
            *taken = Some((now, count >= *capacity));
        }
    }

    /// Adapts it when the consumer asks for more: quadruples it where the work with a full buffer took less than [`PACE`], and
    /// halves it where the work took more than four times as long. A wait of the consumer for the generator is no work.
    fn end_work(&mut self, now: Instant) {
        let Self::Adaptive { capacity, taken } = self else {
            return;
        };
        let Some((began, was_full)) = taken.take() else {
            return;
        };
        let work = now.duration_since(began);
        if work > PACE * 4 {
            *capacity = (*capacity / 2).max(MIN_CAPACITY);
        } else if work < PACE && was_full {
            *capacity = (*capacity * 4).min(MAX_CAPACITY);
        }
    }
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
        let now = Instant::now();
        let mut state = self.lock();
        state.capacity.end_work(now);
        if !state.items.is_empty() {
            std::mem::swap(&mut state.items, taken);
            state.bytes = 0;
            state.capacity.begin_work(taken.len(), now);
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

    /// The number of items that may be added, and of their bytes: no more once these are exceeded.
    pub(crate) fn free_capacity(&self) -> (usize, usize) {
        let state = self.lock();
        let bytes = state.capacity.max_bytes().saturating_sub(state.bytes);
        if bytes == 0 {
            return (0, 0);
        }
        let items = state.capacity.get().saturating_sub(state.items.len());
        (items, bytes)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.free_capacity().0 == 0
    }

    /// Sets the capacity for good.
    pub(crate) fn set_capacity(&self, items: usize) {
        self.lock().capacity = Capacity::Fixed(items);
    }

    /// Adds items and wakes the consumer, from the loop's thread.
    pub(crate) fn add(&self, items: &mut Vec<Py<PyAny>>, bytes: usize) {
        let mut state = self.lock();
        state.bytes += bytes;
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

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Capacity, FIRST_CAPACITY, MAX_CAPACITY, MIN_CAPACITY};

    /// Has a consumer take full buffers, and work for some time with each; returns the capacities.
    fn capacities(work: impl Fn(usize) -> Duration) -> Vec<usize> {
        let (mut capacity, mut now) = (Capacity::default(), Instant::now());
        let mut capacities = Vec::new();
        for _ in 0..20 {
            let count = capacity.get();
            capacity.begin_work(count, now);
            now += work(count);
            capacity.end_work(now);
            // A wait for the generator.
            now += Duration::from_secs(1);
            capacity.end_work(now);
            capacities.push(capacity.get());
        }
        capacities
    }

    #[test]
    fn a_fast_consumer_has_the_largest_buffer() {
        let capacities = capacities(|count| Duration::from_micros(1) * count as u32);
        assert_eq!(capacities[..2], [64, MAX_CAPACITY]);
        assert_eq!(capacities[19], MAX_CAPACITY);
    }

    #[test]
    fn a_buffer_holds_about_a_millisecond_of_work() {
        let capacities = capacities(|count| Duration::from_micros(100) * count as u32);
        assert!((10..=40).contains(&capacities[19]));
    }

    #[test]
    fn a_slow_consumer_has_the_smallest_buffer() {
        let capacities = capacities(|count| Duration::from_millis(5) * count as u32);
        assert_eq!(capacities[19], MIN_CAPACITY);
    }

    #[test]
    fn a_buffer_shrinks_when_the_consumer_becomes_slow() {
        let mut capacity = Capacity::Adaptive {
            capacity: MAX_CAPACITY,
            taken: None,
        };
        let now = Instant::now();
        for _ in 0..10 {
            capacity.begin_work(capacity.get(), now);
            capacity.end_work(now + Duration::from_secs(1));
        }
        assert_eq!(capacity.get(), MIN_CAPACITY);
    }

    #[test]
    fn a_buffer_that_is_not_filled_does_not_grow() {
        let mut capacity = Capacity::default();
        let now = Instant::now();
        for _ in 0..10 {
            capacity.begin_work(1, now);
            capacity.end_work(now);
        }
        assert_eq!(capacity.get(), FIRST_CAPACITY);
    }
}
