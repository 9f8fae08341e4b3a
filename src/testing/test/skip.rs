//! Skips a test while it runs.

use std::any::Any;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::test_output::{Outcome, TestFuture};

/// Ends the test that calls it, as ignored; the arguments are those of `format!` and say why.
///
/// It unwinds without running the panic hook, so it works in functions that the test calls, whatever they return. It
/// has to be called on the test's own thread, or in its own future, not in a task that it spawned.
///
/// ```no_run
/// # use pyo3::prelude::*;
/// # #[cfg(feature = "tokio-runtime")]
/// #[pyo3_aio::tokio::test]
/// async fn runs_on_uvloop() -> PyResult<()> {
///     if Python::attach(|py| py.import("uvloop").is_err()) {
///         pyo3_aio::testing::skip!("uvloop is not installed");
///     }
///     Ok(())
/// }
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __testing_skip {
    ($($why:tt)+) => {
        $crate::testing::__private::skip(::core::format_args!($($why)+))
    };
}

/// The panic payload of a skipped test: the reason.
struct Skipped(String);

/// Unwinds out of a test.
#[doc(hidden)]
pub fn skip(why: fmt::Arguments<'_>) -> ! {
    panic::resume_unwind(Box::new(Skipped(why.to_string())))
}

/// How the body of a test ended that did not panic.
pub(crate) enum BodyEnd {
    Returned(Outcome),
    /// With the reason.
    Skipped(String),
}

/// Calls the function of a sync test.
pub(crate) fn call(function: impl FnOnce() -> Outcome) -> BodyEnd {
    panic::catch_unwind(AssertUnwindSafe(|| __rust_begin_short_backtrace(function)))
        .map_or_else(skipped_or_resume, BodyEnd::Returned)
}

/// Calls the body below a frame of this name, at which std's short backtraces end (`library/std/src/sys/backtrace.rs`): the
/// frames outside are the harness's. libtest has a function of the same name.
#[inline(never)]
fn __rust_begin_short_backtrace<T>(body: impl FnOnce() -> T) -> T {
    let result = body();
    // Keeps the call above from becoming a tail call, which would leave no frame, as in std.
    std::hint::black_box(());
    result
}

/// Returns the reason if the payload is that of a skipped test; resumes other panics.
fn skipped_or_resume(payload: Box<dyn Any + Send>) -> BodyEnd {
    match payload.downcast::<Skipped>() {
        Ok(skipped) => BodyEnd::Skipped(skipped.0),
        Err(payload) => panic::resume_unwind(payload),
    }
}

/// The future of an async test, created at the first poll, on the test's thread. Catches the unwinding of [`skip`].
pub(crate) enum SkippableFuture {
    NotStarted(Box<dyn FnOnce() -> TestFuture + Send>),
    Running(TestFuture),
    Finished,
}

impl Future for SkippableFuture {
    type Output = BodyEnd;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<BodyEnd> {
        let mut future = match std::mem::replace(&mut *self, Self::Finished) {
            Self::NotStarted(start) => start(),
            Self::Running(future) => future,
            Self::Finished => panic!("a test was polled after its end"),
        };
        let poll = || __rust_begin_short_backtrace(|| future.as_mut().poll(cx));
        match panic::catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Ready(outcome)) => Poll::Ready(BodyEnd::Returned(outcome)),
            Ok(Poll::Pending) => {
                *self = Self::Running(future);
                Poll::Pending
            }
            Err(payload) => Poll::Ready(skipped_or_resume(payload)),
        }
    }
}
