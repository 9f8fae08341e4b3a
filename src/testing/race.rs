//! A value that somebody may give before a time has passed.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

/// The one place where the value and the clock meet; what comes second is too late.
pub(super) struct Race<T>(Mutex<State<T>>);

enum State<T> {
    Open(Option<Waker>),
    Given(Option<T>),
    Expired,
}

impl<T: Send + 'static> Race<T> {
    /// Starts the clock.
    pub(super) fn start(limit: Duration) -> Arc<Self> {
        let race = Arc::new(Self(Mutex::new(State::Open(None))));
        let expiring = Arc::clone(&race);
        call_at(
            Instant::now() + limit,
            Box::new(move || expiring.settle(State::Expired)),
        );
        race
    }

    /// Gives the value. It is dropped when the time is over.
    pub(super) fn give(&self, value: T) {
        self.settle(State::Given(Some(value)));
    }

    /// Waits for the value; `None` when the time is over.
    pub(super) fn wait(self: Arc<Self>) -> Wait<T> {
        Wait(self)
    }

    fn settle(&self, end: State<T>) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let State::Open(waker) = &mut *state else {
            return;
        };
        let waker = waker.take();
        *state = end;
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// Waits for the end of a race.
pub(super) struct Wait<T>(Arc<Race<T>>);

impl<T> Future for Wait<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *state {
            State::Open(waker) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            State::Given(value) => Poll::Ready(value.take()),
            State::Expired => Poll::Ready(None),
        }
    }
}

struct Alarm {
    at: Instant,
    call: Box<dyn FnOnce() + Send>,
}

/// Calls a function at a time, on a thread that all alarms share. The function must not block.
fn call_at(at: Instant, call: Box<dyn FnOnce() + Send>) {
    static CLOCK: OnceLock<Sender<Alarm>> = OnceLock::new();
    let clock = CLOCK.get_or_init(|| {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut alarms = BinaryHeap::new();
            loop {
                match next(&receiver, &alarms) {
                    Ok(alarm) => alarms.push(Reverse(alarm)),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                ring(&mut alarms);
            }
        });
        sender
    });
    // The receiver lives as long as the process.
    let _ = clock.send(Alarm { at, call });
}

fn next(
    receiver: &mpsc::Receiver<Alarm>,
    alarms: &BinaryHeap<Reverse<Alarm>>,
) -> Result<Alarm, RecvTimeoutError> {
    match alarms.peek() {
        Some(Reverse(first)) => {
            receiver.recv_timeout(first.at.saturating_duration_since(Instant::now()))
        }
        None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
    }
}

fn ring(alarms: &mut BinaryHeap<Reverse<Alarm>>) {
    while alarms
        .peek()
        .is_some_and(|Reverse(first)| first.at <= Instant::now())
    {
        if let Some(Reverse(alarm)) = alarms.pop() {
            (alarm.call)();
        }
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> Ordering {
        self.at.cmp(&other.at)
    }
}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Alarm {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::driver::block_on;

    #[test]
    fn a_value_in_time_wins() {
        let race = Race::start(Duration::from_secs(60));
        race.give(1);
        race.give(2);
        assert_eq!(block_on(race.wait()), Some(1));
    }

    #[test]
    fn the_clock_wins_over_a_value_that_does_not_come_and_alarms_ring_in_their_order() {
        let started = Instant::now();
        let later = Race::<u8>::start(Duration::from_secs(60));
        let sooner = Race::<u8>::start(Duration::from_millis(20));
        assert_eq!(block_on(Arc::clone(&sooner).wait()), None);
        assert!(started.elapsed() >= Duration::from_millis(20));
        sooner.give(1);
        assert_eq!(block_on(sooner.wait()), None);
        later.give(3);
        assert_eq!(block_on(later.wait()), Some(3));
    }
}
