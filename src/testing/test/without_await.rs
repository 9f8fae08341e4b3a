//! Sync tests that are written as async functions.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs an async function that waits for nothing, as `#[test]` makes one of a sync function with `#[test_case]`.
///
/// # Panics
///
/// If it waits after all: such a test has to be an `async fn`.
#[doc(hidden)]
pub fn ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a test that awaits something has to be an `async fn`"),
    }
}

#[cfg(test)]
mod tests {
    use super::ready;

    #[test]
    fn what_waits_for_nothing_is_run() {
        assert_eq!(ready(async { 1 }), 1);
    }

    #[test]
    #[should_panic(expected = "has to be an `async fn`")]
    fn what_waits_is_refused() {
        ready(std::future::pending::<()>());
    }
}
