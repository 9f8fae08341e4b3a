//! Stopping the tests when Ctrl-C ends the run.

use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// The tests that are under way.
#[derive(Debug, Default)]
pub(crate) struct Stop {
    state: Mutex<State>,
    dropped: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_set: bool,
    next: u64,
    /// How many futures of tests are not dropped.
    futures: usize,
    /// Few at a time, by their numbers. `None` for sync tests, which nobody can stop.
    running: Vec<(u64, Option<Waker>)>,
}

impl State {
    fn remove(&mut self, id: u64) {
        self.running.retain(|(other, _)| *other != id);
    }
}

impl Stop {
    /// Notes that a test runs, until the entry is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> Entry {
        let mut state = self.lock();
        let id = state.next;
        state.next += 1;
        state.running.push((id, None));
        Entry {
            stop: Arc::clone(self),
            id,
        }
    }

    /// Says whether a test runs, which may be one that was given up.
    pub(crate) fn is_any_running(&self) -> bool {
        !self.lock().running.is_empty()
    }

    /// Stops the async tests, and waits a while for their futures to be dropped.
    pub(crate) fn set(&self, limit: Duration) {
        let mut state = self.lock();
        state.is_set = true;
        let wakers: Vec<_> = state
            .running
            .iter_mut()
            .filter_map(|(_, waker)| waker.take())
            .collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        // One that blocks its thread is not dropped.
        let waited = self
            .dropped
            .wait_timeout_while(self.lock(), limit, |state| state.futures > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Whether no more than one test runs.
    pub(crate) fn is_only_one(&self) -> bool {
        self.lock().running.len() <= 1
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A test among those under way.
#[derive(Debug)]
pub(crate) struct Entry {
    stop: Arc<Stop>,
    id: u64,
}

impl Entry {
    /// Drops the future of the test as soon as the tests are stopped; then it never ends.
    pub(crate) fn stoppable<F: Future>(&self, body: F) -> Stoppable<F> {
        self.stop.lock().futures += 1;
        Stoppable {
            stop: Arc::clone(&self.stop),
            id: self.id,
            body: Some(Box::pin(body)),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.stop.lock().remove(self.id);
    }
}

/// See [`Entry::stoppable`].
pub(crate) struct Stoppable<F> {
    stop: Arc<Stop>,
    id: u64,
    body: Option<Pin<Box<F>>>,
}

impl<F> Stoppable<F> {
    /// Drops the future, once.
    fn drop_body(&mut self) {
        let Some(body) = self.body.take() else {
            return;
        };
        drop(body);
        self.stop.lock().futures -= 1;
        self.stop.dropped.notify_all();
    }
}

impl<F> Drop for Stoppable<F> {
    fn drop(&mut self) {
        self.drop_body();
    }
}

impl<F: Future> Future for Stoppable<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let mut state = this.stop.lock();
        if state.is_set {
            drop(state);
            this.drop_body();
            this.stop.lock().remove(this.id);
        } else {
            let mut running = state.running.iter_mut();
            if let Some((_, waker)) = running.find(|(id, _)| *id == this.id) {
                *waker = Some(cx.waker().clone());
            }
            drop(state);
        }
        this.body
            .as_mut()
            .map_or(Poll::Pending, |body| body.as_mut().poll(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_waits_for_the_futures_to_be_dropped() {
        let stop = Arc::new(Stop::default());
        let entry = stop.enter();
        let future = entry.stoppable(std::future::pending::<()>());
        let stopping = {
            let stop = Arc::clone(&stop);
            std::thread::spawn(move || stop.set(Duration::from_secs(60)))
        };
        while !stop.lock().is_set {
            std::thread::yield_now();
        }
        drop(future);
        stopping.join().unwrap();
        stop.set(Duration::from_secs(60));
    }

    #[test]
    fn stopping_drops_the_futures() {
        let stop = Arc::new(Stop::default());
        let value = Arc::new(());
        let entry = stop.enter();
        let other = stop.enter();
        drop(stop.enter());
        let held = Arc::clone(&value);
        let mut future = entry.stoppable(async move {
            std::future::pending::<()>().await;
            drop(held);
        });
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut future).poll(&mut cx).is_pending());
        assert_eq!(Arc::strong_count(&value), 2);
        stop.set(Duration::ZERO);
        assert!(stop.is_any_running());
        assert!(Pin::new(&mut future).poll(&mut cx).is_pending());
        assert_eq!(Arc::strong_count(&value), 1);
        drop(other);
        assert!(!stop.is_any_running());
    }
}
