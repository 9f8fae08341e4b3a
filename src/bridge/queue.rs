//! The queue through which Rust threads hand work to one event loop.
//!
//! Guarantees:
//! - Items leave in the order in which they were pushed.
//! - [`Queue::push`] asks for a wake-up exactly once between two calls of [`Queue::disarm`], however many threads push.
//! - Items leave one by one, so that whatever becomes of one, the others are still in the queue.
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

    /// Has the next push ask for a wake-up; called before the items are taken, of which it returns the number.
    pub(crate) fn disarm(&self) -> usize {
        let mut state = self.lock();
        state.armed = false;
        state.items.len()
    }

    /// Takes the first item.
    pub(crate) fn pop(&self) -> Option<T> {
        self.lock().items.pop_front()
    }

    /// Whether items are left that nobody wakes the consumer for; it is up to the caller then.
    pub(crate) fn rearm(&self) -> bool {
        let mut state = self.lock();
        let left = !state.items.is_empty() && !state.armed;
        state.armed |= left;
        left
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

    fn drained(queue: &Queue<i32>) -> Vec<i32> {
        queue.disarm();
        std::iter::from_fn(|| queue.pop()).collect()
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
    fn what_is_left_is_armed_once_and_stays_in_order() {
        let queue = Queue::new();
        for item in 0..3 {
            queue.push(item).unwrap();
        }
        queue.disarm();
        assert_eq!(queue.pop(), Some(0));
        assert!(queue.rearm());
        assert!(!queue.rearm());
        assert_eq!(queue.push(3), Ok(Pushed::Armed));
        assert_eq!(drained(&queue), [1, 2, 3]);
        assert!(!queue.rearm());
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
            drop(wake);
            while seen.len() < 4 * PER_THREAD {
                woken.recv().expect("every item is announced");
                queue.disarm();
                seen.extend(std::iter::from_fn(|| queue.pop()));
            }
        });
        for thread in 0..4 {
            let of_thread = seen.iter().filter(|(t, _)| *t == thread);
            let items: Vec<_> = of_thread.map(|(_, item)| *item).collect();
            assert_eq!(items, (0..PER_THREAD).collect::<Vec<_>>());
        }
    }
}
