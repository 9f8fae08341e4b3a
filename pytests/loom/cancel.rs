//! A future that is cancelled while it is polled.

use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::thread;

use crate::poll_lock::{PollLock, unlock_pending};

/// What the two sides share, as in `Task`; the future is a word. The flag is relaxed, since loom takes more for ordered than
/// processors do: what is left is the order that the lock gives.
struct Task {
    future: PollLock<Option<&'static str>>,
    cancelled: AtomicBool,
    /// Touched by both sides, or loom would let nobody come between the locking and the unlocking.
    polls: AtomicUsize,
}

impl Task {
    /// `Task::drop_idle`; says whether it has dropped the future.
    fn drop_idle(&self) -> bool {
        self.cancelled.store(true, Ordering::Relaxed);
        self.polls.load(Ordering::Relaxed);
        match self.future.try_lock() {
            Ok(mut future) => future.take().is_some(),
            Err(_) => false,
        }
    }

    /// `Task::advance`, where the future stays pending; says whether it has dropped the future.
    fn advance(&self) -> bool {
        let is_cancelled = || self.cancelled.load(Ordering::Relaxed);
        if is_cancelled() {
            return self.future.lock().take().is_some();
        }
        let future = self.future.lock();
        if future.is_none() {
            return false;
        }
        self.polls.fetch_add(1, Ordering::Relaxed);
        unlock_pending(future);
        is_cancelled() && self.future.lock().take().is_some()
    }
}

#[test]
fn one_of_the_two_drops_a_future_that_is_cancelled_while_it_is_polled() {
    loom::model(|| {
        let task = Arc::new(Task {
            future: PollLock::new(Some("pending")),
            cancelled: AtomicBool::new(false),
            polls: AtomicUsize::new(0),
        });
        let other = Arc::clone(&task);
        let canceller = thread::spawn(move || other.drop_idle());
        let by_driver = task.advance();
        let by_canceller = canceller.join().unwrap();
        assert!(by_driver != by_canceller, "{by_driver} {by_canceller}");
    });
}
