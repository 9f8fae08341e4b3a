//! The queue through which Rust threads hand work to one event loop.
//!
//! Guarantees:
//! - Items leave in the order in which they were pushed.
//! - Between the beginnings of two turns exactly one caller is asked to wake the consumer, however many threads push.
//! - Items leave one by one, so that whatever becomes of one, the others are still in the queue; and a wake-up is on its
//!   way for these, so that a turn may begin within the other.
//! - After [`Queue::close`] nothing is accepted any more, and every item is handed back to somebody.
//!
//! Its length is bounded by the operations under way: each has at most one item that waits to be taken.
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
    /// A wake-up is on its way that no turn has answered yet.
    armed: bool,
    /// How many items are left of the turn.
    turn: usize,
    closed: bool,
}

/// What is asked of the one who has pushed, or who leaves items.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// The consumer sleeps: wake it.
    Wake,
    /// Somebody has woken the consumer already, or nothing is left.
    Armed,
}

impl<T> Queue<T> {
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                items: VecDeque::new(),
                armed: false,
                turn: 0,
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

    /// Adds an item that comes next in the turn, before all others; a closed queue gives it back. [`Pushed::Wake`] as
    /// for [`Queue::pop`].
    pub(crate) fn push_next(&self, item: T) -> Result<Pushed, T> {
        let mut state = self.lock();
        if state.closed {
            return Err(item);
        }
        state.items.push_front(item);
        state.turn += 1;
        Ok(state.arm())
    }

    /// Begins a turn with what is there, at most `limit` items, and has the next push ask for a wake-up.
    pub(crate) fn begin_turn(&self, limit: usize) {
        let mut state = self.lock();
        state.armed = false;
        state.turn = state.items.len().min(limit);
    }

    /// Takes the first item of the turn. [`Pushed::Wake`] comes with it when items are left that nobody wakes a
    /// consumer for: what the caller does with this one may wait for those.
    pub(crate) fn pop(&self) -> Option<(T, Pushed)> {
        let mut state = self.lock();
        state.turn = state.turn.checked_sub(1)?;
        let item = state.items.pop_front()?;
        Some((item, state.arm()))
    }

    /// Begins a turn, and delivers its items one by one. `announce` is called before one that leaves items which nobody
    /// wakes a consumer for; the caller ends the turn.
    pub(crate) fn deliver_turn<E>(
        &self,
        limit: usize,
        mut announce: impl FnMut() -> Result<(), E>,
        mut deliver: impl FnMut(T) -> Result<(), E>,
    ) -> Result<(), E> {
        self.begin_turn(limit);
        while let Some((item, rest)) = self.pop() {
            if rest == Pushed::Wake {
                announce()?;
            }
            deliver(item)?;
        }
        Ok(())
    }

    /// Ends a turn: [`Pushed::Wake`] when items are left that nobody wakes the consumer for. `is_lost` says that
    /// the wake-up which may have been on its way is not any more.
    pub(crate) fn end_turn(&self, is_lost: bool) -> Pushed {
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
        queue.begin_turn(usize::MAX);
        let items = std::iter::from_fn(|| queue.pop().map(|(item, _)| item)).collect();
        queue.end_turn(true);
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
    fn what_is_left_is_armed_once_and_stays_in_order() {
        let queue = filled(3);
        queue.begin_turn(1);
        assert_eq!(queue.pop(), Some((0, Pushed::Wake)));
        assert_eq!(queue.push(3), Ok(Pushed::Armed));
        assert_eq!(queue.pop(), None);
        assert_eq!(queue.end_turn(false), Pushed::Armed);
        assert_eq!(queue.end_turn(true), Pushed::Wake);
        assert_eq!(drained(&queue), [1, 2, 3]);
        assert_eq!(queue.end_turn(false), Pushed::Armed);
    }

    #[test]
    fn what_is_pushed_within_a_turn_waits_for_the_next_unless_it_comes_next() {
        let queue = filled(2);
        queue.begin_turn(usize::MAX);
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
    fn a_turn_within_a_turn_takes_what_is_left() {
        let queue = filled(3);
        queue.begin_turn(usize::MAX);
        assert_eq!(queue.pop(), Some((0, Pushed::Wake)));
        assert_eq!(drained(&queue), [1, 2]);
        assert_eq!(queue.push(3), Ok(Pushed::Wake));
        assert_eq!(queue.pop(), None);
        assert_eq!(queue.end_turn(true), Pushed::Wake);
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
                queue.begin_turn(usize::MAX);
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
