//! Turns of tests: serial tests run alone.
//!
//! First come, first served: a serial test waits for those that run, and those that come later wait for it, so that
//! neither kind is kept waiting for ever.

use std::collections::VecDeque;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Who runs, and who waits for a turn.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    running: usize,
    is_serial_running: bool,
    next_ticket: u64,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    ticket: u64,
    serial: bool,
    waker: Waker,
}

/// The right to run, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    turns: Arc<Turns>,
    serial: bool,
}

/// Waits for a turn.
#[derive(Debug)]
pub(super) struct Wait {
    turns: Arc<Turns>,
    serial: bool,
    ticket: Option<u64>,
}

impl Turns {
    /// Returns a future of a turn.
    pub(super) fn wait(self: &Arc<Self>, serial: bool) -> Wait {
        Wait {
            turns: Arc::clone(self),
            serial,
            ticket: None,
        }
    }

    /// Whether no more than one test runs.
    pub(super) fn is_only_one(&self) -> bool {
        self.lock().running <= 1
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether the one that waits at this position may run.
    fn admits(&self, position: usize, serial: bool) -> bool {
        match serial {
            true => position == 0 && self.running == 0,
            false => {
                !self.is_serial_running
                    && self
                        .waiting
                        .iter()
                        .take(position)
                        .all(|other| !other.serial)
            }
        }
    }

    fn enter(&mut self, serial: bool) {
        self.running += 1;
        self.is_serial_running = serial;
    }

    fn take_wakers(&mut self) -> Vec<Waker> {
        self.waiting
            .iter()
            .map(|waiting| waiting.waker.clone())
            .collect()
    }
}

impl Future for Wait {
    type Output = Turn;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Turn> {
        let turns = Arc::clone(&self.turns);
        let serial = self.serial;
        let mut state = turns.lock();
        let position = state
            .waiting
            .iter()
            .position(|waiting| Some(waiting.ticket) == self.ticket);
        if state.admits(position.unwrap_or(state.waiting.len()), serial) {
            if let Some(position) = position {
                state.waiting.remove(position);
            }
            state.enter(serial);
            self.ticket = None;
            drop(state);
            return Poll::Ready(Turn { turns, serial });
        }
        match position {
            Some(position) => state.waiting[position].waker.clone_from(cx.waker()),
            None => {
                let ticket = state.next_ticket;
                state.next_ticket += 1;
                self.ticket = Some(ticket);
                state.waiting.push_back(Waiting {
                    ticket,
                    serial,
                    waker: cx.waker().clone(),
                });
            }
        }
        Poll::Pending
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut state = self.turns.lock();
        state.waiting.retain(|waiting| waiting.ticket != ticket);
        wake(state);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.turns.lock();
        state.running -= 1;
        state.is_serial_running &= !mem::take(&mut self.serial);
        wake(state);
    }
}

/// Has everybody look again; there are never more than there are test threads.
fn wake(mut state: MutexGuard<'_, State>) {
    let wakers = state.take_wakers();
    drop(state);
    wakers.into_iter().for_each(Waker::wake);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(wait: &mut Wait) -> Option<Turn> {
        match Pin::new(wait).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(turn) => Some(turn),
            Poll::Pending => None,
        }
    }

    #[test]
    fn ordinary_tests_run_together() {
        let turns = Arc::new(Turns::default());
        let one = poll(&mut turns.wait(false));
        let other = poll(&mut turns.wait(false));
        assert!(one.is_some() && other.is_some());
    }

    #[test]
    fn a_serial_test_waits_for_those_that_run_and_keeps_later_ones_waiting() {
        let turns = Arc::new(Turns::default());
        let running = poll(&mut turns.wait(false));
        let (mut serial, mut later) = (turns.wait(true), turns.wait(false));
        assert!(poll(&mut serial).is_none());
        assert!(poll(&mut later).is_none());
        drop(running);
        assert!(poll(&mut later).is_none());
        let alone = poll(&mut serial);
        assert!(alone.is_some());
        assert!(poll(&mut later).is_none());
        drop(alone);
        assert!(poll(&mut later).is_some());
    }

    #[test]
    fn one_that_gives_up_waiting_keeps_nobody_waiting() {
        let turns = Arc::new(Turns::default());
        let _running = poll(&mut turns.wait(false));
        let (mut serial, mut later) = (turns.wait(true), turns.wait(false));
        assert!(poll(&mut serial).is_none());
        assert!(poll(&mut later).is_none());
        drop(serial);
        assert!(poll(&mut later).is_some());
    }

    #[test]
    fn the_end_of_a_turn_wakes_those_that_wait() {
        struct Count(std::sync::atomic::AtomicUsize);
        impl std::task::Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
        let turns = Arc::new(Turns::default());
        let running = poll(&mut turns.wait(true));
        let count = Arc::new(Count(0.into()));
        let waker = Waker::from(Arc::clone(&count));
        let mut wait = turns.wait(false);
        assert!(
            Pin::new(&mut wait)
                .poll(&mut Context::from_waker(&waker))
                .is_pending()
        );
        drop(running);
        assert_eq!(count.0.load(std::sync::atomic::Ordering::Relaxed), 1);
    }
}
