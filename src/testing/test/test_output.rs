//! What a test function may return.

use std::fmt::Debug;
use std::pin::Pin;

use super::failure::TestFailure;

/// What became of a test that did not panic.
pub(crate) type Outcome = Result<(), TestFailure>;

/// An async test, whatever it returned. It stays on the thread of its test.
pub(crate) type TestFuture = Pin<Box<dyn Future<Output = Outcome>>>;

/// What a test function may return: nothing, or a result without a value whose error can be debug-printed.
#[diagnostic::on_unimplemented(
    message = "a test cannot return `{Self}`",
    label = "a test returns nothing, `PyResult<()>` or `Result<(), E>` with `E: Debug + 'static`"
)]
pub trait TestOutput {
    /// Brings the value into the form that the harness takes.
    #[doc(hidden)]
    fn into_outcome(self) -> Outcome;
}

impl TestOutput for () {
    fn into_outcome(self) -> Outcome {
        Ok(())
    }
}

impl<E: Debug + 'static> TestOutput for Result<(), E> {
    fn into_outcome(self) -> Outcome {
        self.map_err(TestFailure::new)
    }
}

/// Takes the output of a sync test.
#[doc(hidden)]
pub fn outcome<R: TestOutput>(output: R) -> Outcome {
    output.into_outcome()
}

/// Takes the future of an async test.
///
/// It comes boxed, so that this is compiled once per return type and not once per test.
#[doc(hidden)]
pub fn erase<R: TestOutput + 'static>(future: Pin<Box<dyn Future<Output = R>>>) -> TestFuture {
    Box::pin(async move { future.await.into_outcome() })
}
