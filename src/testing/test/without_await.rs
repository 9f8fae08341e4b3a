//! Sync test functions that other attributes have put into an `async` body.
//!
//! The user is somebody with `#[test_case(..)]` of the crate test-case on a sync function. That macro adds libtest's `#[test]`
//! to sync functions, which rustc drops here, but not to async ones. So the attribute `test` makes the function async
//! before test-case sees it (`NEVER_WAITS` in `macros/`), and the test is registered as a sync one all the same.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Returns the output of a future that is ready at the first poll.
///
/// # Panics
///
/// If the future is pending: a test that awaits has to be an `async fn`.
#[doc(hidden)]
pub fn expect_ready<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a test that awaits something has to be an `async fn`"),
    }
}

#[cfg(test)]
mod tests {
    use super::expect_ready;

    #[test]
    fn a_future_without_await_is_ready() {
        assert_eq!(expect_ready(async { 1 }), 1);
    }

    #[test]
    #[should_panic(expected = "has to be an `async fn`")]
    fn a_pending_future_is_refused() {
        expect_ready(std::future::pending::<()>());
    }
}
