//! A queue that says when its consumer, an event loop, has to be woken.
//!
//! | items | armed | event | by whom, on which thread | then |
//! | --- | --- | --- | --- | --- |
//! | any | no | [`Queue::push`] | any | armed; the caller wakes the loop |
//! | any | yes | [`Queue::push`] | any | nothing: a wake-up is on its way |
//! | any | any | [`Queue::begin_batch`] | the loop's | not armed; the items that are there are the batch |
//! | left | no | [`Queue::pop`] | the loop's | armed; the caller announces the rest, and delivers the item |
//! | none left, or armed | | [`Queue::pop`] | the loop's | the caller delivers the item |
//! | left | no | [`Queue::end_batch`] | the loop's | armed; the caller wakes the loop |
//! | any | no | [`Queue::push_soon`], if the loop refuses to be called | the loop's | not armed; the caller discards the items |
//! | any | any | [`Queue::close`] | any, mostly the loop's | the caller discards the items; pushes fail from then on |
//!
//! "Armed" means: somebody has been asked to wake the loop since it has begun its last batch.
//!
//! Guarantees:
//! - Items leave in the order in which they were pushed, one by one: whatever becomes of one, the others are still in the
//!   queue, and a wake-up is on its way for them. So a batch may begin within another.
//! - Between the beginnings of two batches exactly one caller is asked to wake the loop, however many threads push.
//! - After [`Queue::close`] nothing is accepted any more, and every item is handed back to somebody.
//!
//! Its length is bounded by the operations under way: each has at most one item in it.
//! Nothing here knows of Python.

use std::collections::VecDeque;
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};

/// A first-in, first-out queue that says when its consumer has to be woken.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    items: VecDeque<T>,
    /// Somebody has been asked to wake the loop since it has begun its last batch.
    armed: bool,
    /// How many items are left of the batch.
    batch: usize,
    closed: bool,
}

/// Whether the caller, who has pushed items or leaves some, has to wake the consumer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// The caller has to wake the consumer.
    Wake,
    /// A wake-up is on its way, or the queue is empty.
    Armed,
}

/// The items that [`Queue::push_soon`] could not hand over.
#[derive(Debug)]
pub(crate) struct Refused<T, E> {
    pub(crate) items: VecDeque<T>,
    /// The error of `call_soon`; `None` where the queue is closed.
    pub(crate) error: Option<E>,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                items: VecDeque::new(),
                armed: false,
                batch: 0,
                closed: false,
            }),
        }
    }

    /// Appends an item; a closed queue gives it back.
    pub(crate) fn push(&self, item: T) -> Result<Pushed, T> {
        let mut state = self.lock();
        if state.closed {
            return Err(item);
        }
        state.items.push_back(item);
        Ok(state.arm())
    }

    /// Adds an item that comes next in the batch, before all others; a closed queue gives it back. [`Pushed::Wake`] as
    /// for [`Queue::pop`].
    pub(crate) fn push_next(&self, item: T) -> Result<Pushed, T> {
        let mut state = self.lock();
        if state.closed {
            return Err(item);
        }
        state.items.push_front(item);
        state.batch += 1;
        Ok(state.arm())
    }

    /// Begins a batch with the items that are there, at most `limit`, and has the next push ask for a wake-up.
    pub(crate) fn begin_batch(&self, limit: usize) {
        let mut state = self.lock();
        state.armed = false;
        state.batch = state.items.len().min(limit);
    }

    /// Takes the first item of the batch. [`Pushed::Wake`] comes with it when items are left that nobody wakes a consumer
    /// for: its delivery may run the loop within itself, until those are delivered.
    pub(crate) fn pop(&self) -> Option<(T, Pushed)> {
        let mut state = self.lock();
        state.batch = state.batch.checked_sub(1)?;
        let item = state.items.pop_front()?;
        Some((item, state.arm()))
    }

    /// Begins a batch, and delivers its items one by one. `announce` is called before an item that leaves others which
    /// nobody wakes a consumer for. The caller ends the batch.
    pub(crate) fn deliver_batch<E>(
        &self,
        limit: usize,
        mut announce: impl FnMut() -> Result<(), E>,
        mut deliver: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        self.begin_batch(limit);
        while let Some((item, rest)) = self.pop() {
            // The item has left the queue, and is delivered whatever the other does.
            let announced = if rest == Pushed::Wake {
                announce()
            } else {
                Ok(())
            };
            deliver(item)?;
            announced?;
        }
        Ok(())
    }

    /// Delivers a batch in a callback of the loop, and ends it. `announce` has the loop call such a callback, for items that
    /// are left: unlike a reader, one may run within another.
    pub(crate) fn run_batch<E>(
        &self,
        limit: usize,
        announce: impl Fn() -> Result<(), E>,
        deliver: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        let delivered = self.deliver_batch(limit, &announce, deliver);
        // An error may be that of an announcement; one more is harmless.
        match self.end_batch(delivered.is_err()) {
            Pushed::Wake => delivered.and(announce()),
            Pushed::Armed => delivered,
        }
    }

    /// Appends an item on the loop's thread. `call_soon` has the loop call the callback that runs a batch, unless it does so
    /// anyway. Where that fails, all items are handed back, since nobody delivers them.
    pub(crate) fn push_soon<E>(
        &self,
        item: T,
        call_soon: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), Refused<T, E>> {
        match self.push(item) {
            Ok(Pushed::Armed) => Ok(()),
            Ok(Pushed::Wake) => call_soon().map_err(|error| Refused {
                items: self.take_all(),
                error: Some(error),
            }),
            Err(item) => Err(Refused {
                items: VecDeque::from([item]),
                error: None,
            }),
        }
    }

    fn take_all(&self) -> VecDeque<T> {
        let mut state = self.lock();
        state.armed = false;
        std::mem::take(&mut state.items)
    }

    /// Ends a batch: [`Pushed::Wake`] when items are left that nobody wakes the consumer for. `is_lost` says that
    /// the wake-up which may have been on its way is not any more.
    pub(crate) fn end_batch(&self, is_lost: bool) -> Pushed {
        let mut state = self.lock();
        state.armed &= !is_lost;
        state.arm()
    }

    /// Refuses everything from now on and hands out what is left.
    pub(crate) fn close(&self) -> VecDeque<T> {
        let mut state = self.lock();
        state.closed = true;
        std::mem::take(&mut state.items)
    }

    /// Calls a function with each item, in order; it must not use the queue.
    pub(crate) fn try_for_each<E>(&self, call: impl FnMut(&T) -> Result<(), E>) -> Result<(), E> {
        self.lock().items.iter().try_for_each(call)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code of anybody else's runs under this lock, so a poisoned one is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn arm(&mut self) -> Pushed {
        if self.armed || self.items.is_empty() {
            return Pushed::Armed;
        }
        self.armed = true;
        Pushed::Wake
    }
}

#[cfg(test)]
#[cfg(not(loom))]
mod tests {
    use super::{Pushed, Queue};

    fn drained(queue: &Queue<i32>) -> Vec<i32> {
        queue.begin_batch(usize::MAX);
        let items = std::iter::from_fn(|| queue.pop().map(|(item, _)| item)).collect();
        queue.end_batch(true);
        items
    }

    #[test]
    fn only_the_first_push_asks_for_a_wake_up() {
        let queue = Queue::new();
        assert_eq!(queue.push(1), Ok(Pushed::Wake));
        assert_eq!(queue.push(2), Ok(Pushed::Armed));
        assert_eq!(drained(&queue), [1, 2]);
        assert_eq!(queue.push(3), Ok(Pushed::Wake));
    }

    #[test]
    fn items_that_the_loop_is_not_called_for_are_handed_back_and_later_ones_are_not_lost() {
        let queue = Queue::new();
        let refused = queue.push_soon(1, || Err("closed")).unwrap_err();
        assert_eq!((refused.items, refused.error), ([1].into(), Some("closed")));
        let mut calls = 0;
        let mut call = || {
            calls += 1;
            Ok::<_, ()>(())
        };
        queue.push_soon(2, &mut call).unwrap();
        queue.push_soon(3, &mut call).unwrap();
        assert_eq!(calls, 1);
        assert_eq!(drained(&queue), [2, 3]);
    }

    #[test]
    fn an_item_is_delivered_though_nobody_is_woken_for_the_rest() {
        let queue = filled(3);
        let mut delivered = Vec::new();
        let result = queue.deliver_batch(
            usize::MAX,
            || Err("no wake-up"),
            |item| {
                delivered.push(item);
                Ok(())
            },
        );
        assert_eq!((result, delivered), (Err("no wake-up"), vec![0]));
        assert_eq!(queue.end_batch(true), Pushed::Wake);
        assert_eq!(drained(&queue), [1, 2]);
    }

    #[test]
    fn what_is_left_is_armed_once_and_stays_in_order() {
        let queue = filled(3);
        queue.begin_batch(1);
        assert_eq!(queue.pop(), Some((0, Pushed::Wake)));
        assert_eq!(queue.push(3), Ok(Pushed::Armed));
        assert_eq!(queue.pop(), None);
        assert_eq!(queue.end_batch(false), Pushed::Armed);
        assert_eq!(queue.end_batch(true), Pushed::Wake);
        assert_eq!(drained(&queue), [1, 2, 3]);
        assert_eq!(queue.end_batch(false), Pushed::Armed);
    }

    #[test]
    fn items_that_are_pushed_within_a_batch_wait_for_the_next_unless_it_comes_next() {
        let queue = filled(2);
        queue.begin_batch(usize::MAX);
        assert_eq!(queue.pop(), Some((0, Pushed::Wake)));
        queue.push(2).unwrap();
        assert_eq!(queue.push_next(9), Ok(Pushed::Armed));
        assert_eq!(queue.pop(), Some((9, Pushed::Armed)));
        assert_eq!(queue.pop(), Some((1, Pushed::Armed)));
        assert_eq!(queue.pop(), None);
        assert_eq!(drained(&queue), [2]);
        assert_eq!(queue.push_next(3), Ok(Pushed::Wake));
    }

    #[test]
    fn a_batch_within_a_batch_takes_the_items_that_are_left() {
        let queue = filled(3);
        queue.begin_batch(usize::MAX);
        assert_eq!(queue.pop(), Some((0, Pushed::Wake)));
        assert_eq!(drained(&queue), [1, 2]);
        assert_eq!(queue.push(3), Ok(Pushed::Wake));
        assert_eq!(queue.pop(), None);
        assert_eq!(queue.end_batch(true), Pushed::Wake);
        assert_eq!(drained(&queue), [3]);
    }

    fn filled(end: i32) -> Queue<i32> {
        let queue = Queue::new();
        for item in 0..end {
            queue.push(item).unwrap();
        }
        queue
    }

    #[test]
    fn a_closed_queue_returns_what_it_holds_and_what_it_is_given() {
        let queue = Queue::new();
        queue.push(1).unwrap();
        assert_eq!(queue.close(), [1]);
        assert_eq!(queue.push(2), Err(2));
        assert_eq!(queue.pop(), None);
    }

    #[test]
    fn no_wake_up_is_lost_between_threads() {
        const PER_THREAD: usize = 2_000;
        let queue = Queue::new();
        let (wake, woken) = std::sync::mpsc::channel();
        let mut seen = Vec::new();
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let (queue, wake) = (&queue, wake.clone());
                scope.spawn(move || {
                    for item in 0..PER_THREAD {
                        if queue.push((thread, item)) == Ok(Pushed::Wake) {
                            wake.send(()).unwrap();
                        }
                    }
                });
            }
            while seen.len() < 4 * PER_THREAD {
                woken.recv().expect("every item is announced");
                queue.begin_batch(usize::MAX);
                while let Some((item, rest)) = queue.pop() {
                    seen.push(item);
                    if rest == Pushed::Wake {
                        wake.send(()).unwrap();
                    }
                }
            }
        });
        for thread in 0..4 {
            let of_thread = seen.iter().filter(|(t, _)| *t == thread);
            let items: Vec<_> = of_thread.map(|(_, item)| *item).collect();
            assert_eq!(items, (0..PER_THREAD).collect::<Vec<_>>());
        }
    }
}
