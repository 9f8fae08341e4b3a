//! The queue through which Rust threads hand work to one event loop.
//!
//! Guarantees:
//! - Items leave in the order in which they were pushed.
//! - [`Queue::push`] asks for a wake-up exactly once between two calls of [`Queue::take`], however many threads push.
//! - After [`Queue::close`] nothing is accepted any more, and every item is handed back to somebody.
//!
//! Its length is bounded by the operations under way: each has at most one item that waits to be taken.
//! Nothing here knows of Python.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A first-in, first-out queue that says when its consumer has to be woken.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    items: VecDeque<T>,
    /// A wake-up is on its way that no `take` has answered yet.
    armed: bool,
    closed: bool,
}

/// What a push asks of the one who pushed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// The consumer sleeps: wake it.
    Wake,
    /// Somebody has woken the consumer already.
    Armed,
}

/// A bounded part of the queue.
pub(crate) struct Batch<T> {
    pub(crate) items: VecDeque<T>,
    /// More items are left: the consumer has to come back, and nobody else will wake it.
    pub(crate) more: bool,
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                items: VecDeque::new(),
                armed: false,
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
        if state.armed {
            return Ok(Pushed::Armed);
        }
        state.armed = true;
        Ok(Pushed::Wake)
    }

    /// Takes the first `limit` items; the queue stays armed when more are left.
    pub(crate) fn take(&self, limit: usize) -> Batch<T> {
        let mut state = self.lock();
        let more = state.items.len() > limit;
        state.armed = more;
        let items = if more {
            let rest = state.items.split_off(limit);
            std::mem::replace(&mut state.items, rest)
        } else {
            std::mem::take(&mut state.items)
        };
        Batch { items, more }
    }

    /// Puts items back in front that the consumer took and could not handle; a closed queue gives them back.
    pub(crate) fn put_back(&self, mut items: VecDeque<T>) -> Result<(), VecDeque<T>> {
        let mut state = self.lock();
        if state.closed {
            return Err(items);
        }
        items.append(&mut state.items);
        state.items = items;
        state.armed = true;
        Ok(())
    }

    /// Refuses everything from now on and hands out what is left.
    pub(crate) fn close(&self) -> VecDeque<T> {
        let mut state = self.lock();
        state.closed = true;
        std::mem::take(&mut state.items)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // No code of anybody else's runs under this lock, so a poisoned one is still consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Pushed, Queue};
    use std::collections::VecDeque;

    #[test]
    fn only_the_first_push_of_a_batch_asks_for_a_wake_up() {
        let queue = Queue::new();
        assert_eq!(queue.push(1), Ok(Pushed::Wake));
        assert_eq!(queue.push(2), Ok(Pushed::Armed));
        assert_eq!(queue.take(10).items, [1, 2]);
        assert_eq!(queue.push(3), Ok(Pushed::Wake));
    }

    #[test]
    fn a_bounded_take_leaves_the_rest_in_order_and_the_queue_armed() {
        let queue = Queue::new();
        for item in 0..5 {
            queue.push(item).unwrap();
        }
        let batch = queue.take(3);
        assert_eq!(batch.items, [0, 1, 2]);
        assert!(batch.more);
        assert_eq!(queue.push(5), Ok(Pushed::Armed));
        assert_eq!(queue.take(3).items, [3, 4, 5]);
    }

    #[test]
    fn what_is_put_back_comes_first() {
        let queue = Queue::new();
        queue.push(3).unwrap();
        queue.put_back(VecDeque::from([1, 2])).unwrap();
        assert_eq!(queue.take(9).items, [1, 2, 3]);
    }

    #[test]
    fn a_closed_queue_returns_what_it_holds_and_what_it_is_given() {
        let queue = Queue::new();
        queue.push(1).unwrap();
        assert_eq!(queue.close(), [1]);
        assert_eq!(queue.push(2), Err(2));
        assert_eq!(
            queue.put_back(VecDeque::from([3])),
            Err(VecDeque::from([3]))
        );
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
            drop(wake);
            while seen.len() < 4 * PER_THREAD {
                woken.recv().expect("every item is announced");
                loop {
                    let batch = queue.take(64);
                    seen.extend(batch.items);
                    if !batch.more {
                        break;
                    }
                }
            }
        });
        for thread in 0..4 {
            let items: Vec<_> = seen
                .iter()
                .filter(|(t, _)| *t == thread)
                .map(|(_, item)| *item)
                .collect();
            assert_eq!(items, (0..PER_THREAD).collect::<Vec<_>>());
        }
    }
}
