//! Return types of test functions.

use std::fmt::Debug;
use std::pin::Pin;

use super::failure::TestFailure;

/// The result of a test that did not panic.
pub(crate) type Outcome = Result<(), TestFailure>;

/// The future of an async test. It stays on the thread of its test, so it need not be `Send`.
pub(crate) type TestFuture = Pin<Box<dyn Future<Output = Outcome>>>;

/// A return type of test functions: `()`, or a `Result<(), E>` whose error can be debug-printed.
#[diagnostic::on_unimplemented(
    message = "a test cannot return `{Self}`",
    label = "a test returns nothing, `PyResult<()>` or `Result<(), E>` with `E: Debug + 'static`"
)]
pub trait TestOutput {
    /// Converts the value for the harness.
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

/// Converts the output of a sync test. The attributes call this, since the trait need not be in scope there.
#[doc(hidden)]
pub fn outcome<R: TestOutput>(output: R) -> Outcome {
    output.into_outcome()
}

/// Erases the return type of an async test.
///
/// Takes a boxed future, so that this function is compiled once per return type and not once per test.
#[doc(hidden)]
pub fn erase<R: TestOutput + 'static>(future: Pin<Box<dyn Future<Output = R>>>) -> TestFuture {
    Box::pin(async move { future.await.into_outcome() })
}
