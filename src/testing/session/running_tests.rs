//! The tests under way, and how the async ones are stopped: Ctrl-C and `--fail-fast` end a run before its tests.
//!
//! | state of a future | event | actor and thread | next state |
//! | --- | --- | --- | --- |
//! | running | it is ready or panics | the test's thread drops it, and closes the values of `PerTest` | closing |
//! | running, closing | its test's time is over | the test's thread drops it | dropped |
//! | running | [`RunningTests::stop`] | the thread that ends the run wakes it | to be dropped |
//! | to be dropped | it is polled | the test's thread drops it, and closes the values of `PerTest` | closing |
//! | closing | the values are closed | the test's thread; a stopped future stays pending | dropped |
//!
//! The future of a test that blocks its thread stays in "to be dropped", since only its own thread may drop it.

use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::thread;
use std::time::Duration;

use libtest_async::__private::close_test_values;

/// Time limit of the async tests to be dropped by their runtimes when a run ends early.
pub(crate) const DROP_LIMIT: Duration = Duration::from_secs(1);

/// The tests of a run that are under way, including those that were given up.
#[derive(Debug, Default)]
pub(crate) struct RunningTests {
    state: Mutex<State>,
    dropped: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Whether the run ends early. Async tests that start later are stopped at their first poll.
    is_stopped: bool,
    next_id: u64,
    /// The number of futures of tests that have not been dropped.
    futures: usize,
    /// The ids of the tests and the wakers of their futures; `None` for sync tests, which cannot be stopped.
    running: Vec<(u64, Option<Waker>)>,
}

impl State {
    fn remove(&mut self, id: u64) {
        self.running.retain(|(other, _)| *other != id);
    }
}

impl RunningTests {
    /// Adds a test, on its own thread, until the guard is dropped.
    pub(crate) fn enter(self: &Arc<Self>) -> RunningTest {
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id += 1;
        state.running.push((id, None));
        RunningTest {
            tests: Arc::clone(self),
            id,
        }
    }

    /// Says whether a test is under way, which may be one that was given up.
    pub(crate) fn is_any(&self) -> bool {
        !self.lock().running.is_empty()
    }

    /// Has the async tests dropped on their threads, and waits for that until the limit.
    pub(crate) fn stop(&self, limit: Duration) {
        let mut state = self.lock();
        state.is_stopped = true;
        let wakers: Vec<_> = state
            .running
            .iter_mut()
            .filter_map(|(_, waker)| waker.take())
            .collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
        let waited = self
            .dropped
            .wait_timeout_while(self.lock(), limit, |state| state.futures > 0);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    /// Says whether at most one test is under way.
    pub(crate) fn is_at_most_one(&self) -> bool {
        self.lock().running.len() <= 1
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A test under way; dropping it removes the test.
#[derive(Debug)]
pub(crate) struct RunningTest {
    tests: Arc<RunningTests>,
    id: u64,
}

impl RunningTest {
    /// Wraps the test's future, so that [`RunningTests::stop`] has it dropped. The wrapper stays pending after that. At the
    /// end of the future, however that comes, the values of the test are closed.
    pub(crate) fn stoppable<F: Future>(&self, future: F) -> StoppableFuture<F> {
        self.tests.lock().futures += 1;
        StoppableFuture {
            tests: Arc::clone(&self.tests),
            id: self.id,
            future: Some(Box::pin(future)),
            end: None,
            closing: None,
            is_counted: true,
        }
    }
}

impl Drop for RunningTest {
    fn drop(&mut self) {
        self.tests.lock().remove(self.id);
    }
}

/// The future that [`RunningTest::stoppable`] returns.
pub(crate) struct StoppableFuture<F: Future> {
    tests: Arc<RunningTests>,
    id: u64,
    future: Option<Pin<Box<F>>>,
    /// The output or the panic of the future.
    end: Option<thread::Result<F::Output>>,
    closing: Option<Pin<Box<dyn Future<Output = ()>>>>,
    /// Whether [`RunningTests::stop`] waits for this.
    is_counted: bool,
}

impl<F: Future> Unpin for StoppableFuture<F> {}

impl<F: Future> StoppableFuture<F> {
    /// Drops the future, if that has not been done, and begins to close the values of the test.
    fn drop_future(&mut self) {
        if let Some(future) = self.future.take() {
            drop(future);
            self.closing = close_test_values();
        }
    }

    /// Has [`RunningTests::stop`] wait no more, if that has not been done.
    fn discount(&mut self) {
        if mem::take(&mut self.is_counted) {
            self.tests.lock().futures -= 1;
            self.tests.dropped.notify_all();
        }
    }
}

impl<F: Future> Drop for StoppableFuture<F> {
    fn drop(&mut self) {
        drop((self.future.take(), self.closing.take()));
        self.discount();
    }
}

impl<F: Future> Future for StoppableFuture<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let mut state = this.tests.lock();
        if state.is_stopped {
            drop(state);
            this.drop_future();
        } else {
            let mut running = state.running.iter_mut();
            if let Some((_, waker)) = running.find(|(id, _)| *id == this.id) {
                *waker = Some(cx.waker().clone());
            }
            drop(state);
        }
        if let Some(future) = &mut this.future {
            let poll = || future.as_mut().poll(cx);
            this.end = match panic::catch_unwind(AssertUnwindSafe(poll)) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(output)) => Some(Ok(output)),
                Err(payload) => Some(Err(payload)),
            };
            this.drop_future();
        }
        if let Some(closing) = &mut this.closing {
            ready!(closing.as_mut().poll(cx));
            this.closing = None;
        }
        this.discount();
        match this.end.take() {
            Some(end) => Poll::Ready(end.unwrap_or_else(|payload| panic::resume_unwind(payload))),
            None => {
                this.tests.lock().remove(this.id);
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopping_waits_for_the_futures_to_be_dropped() {
        let tests = Arc::new(RunningTests::default());
        let entry = tests.enter();
        let future = entry.stoppable(std::future::pending::<()>());
        let stopping = {
            let tests = Arc::clone(&tests);
            thread::spawn(move || tests.stop(Duration::from_secs(60)))
        };
        while !tests.lock().is_stopped {
            thread::yield_now();
        }
        drop(future);
        stopping.join().unwrap();
        tests.stop(Duration::from_secs(60));
    }

    #[test]
    fn stopping_drops_the_futures() {
        let tests = Arc::new(RunningTests::default());
        let value = Arc::new(());
        let entry = tests.enter();
        let other = tests.enter();
        drop(tests.enter());
        let clone = Arc::clone(&value);
        let mut future = entry.stoppable(async move {
            std::future::pending::<()>().await;
            drop(clone);
        });
        let mut cx = Context::from_waker(Waker::noop());
        assert!(Pin::new(&mut future).poll(&mut cx).is_pending());
        assert_eq!(Arc::strong_count(&value), 2);
        tests.stop(Duration::ZERO);
        assert!(tests.is_any());
        assert!(Pin::new(&mut future).poll(&mut cx).is_pending());
        assert_eq!(Arc::strong_count(&value), 1);
        drop(other);
        assert!(!tests.is_any());
    }
}
