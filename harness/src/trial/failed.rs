//! The results that the body of a trial returns.

use std::fmt;

/// A failure of a test or benchmark, with or without a message.
///
/// Anything that can be displayed converts into it, so `?` and `"text".into()` work. The message
/// is shown as `Error: {message}` with the output of the test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    message: Option<String>,
}

impl Failed {
    /// Creates a failure that adds nothing to the output of the test.
    pub fn without_message() -> Self {
        Self { message: None }
    }

    /// Creates a failure from the debug form of `error`, which is what `#[test]` functions show of
    /// the errors that they return.
    ///
    /// ```
    /// let failed = libtest_async::Failed::from_debug(&"a\nb");
    /// assert_eq!(failed.message(), Some(r#""a\nb""#));
    /// ```
    pub fn from_debug(error: &(impl fmt::Debug + ?Sized)) -> Self {
        Self {
            message: Some(format!("{error:?}")),
        }
    }

    /// Returns the message, without the `Error: ` before it.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl<M: fmt::Display> From<M> for Failed {
    fn from(message: M) -> Self {
        Self {
            message: Some(message.to_string()),
        }
    }
}

/// The end of a test that has not failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completion {
    /// The test has passed.
    Completed,
    /// The test found that it cannot run here; it counts as ignored.
    Ignored {
        /// The reason, shown behind the word `ignored`.
        reason: Option<String>,
    },
}

impl Completion {
    /// Returns [`Completion::Ignored`] without a reason.
    pub fn ignored() -> Self {
        Self::Ignored { reason: None }
    }

    /// Returns [`Completion::Ignored`] with `reason`.
    #[expect(clippy::needless_pass_by_value, reason = "libtest-mimic's signature")]
    pub fn ignored_with(reason: impl ToString) -> Self {
        Self::Ignored {
            reason: Some(reason.to_string()),
        }
    }
}

/// Holds the result of a benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measurement {
    /// Average time of one iteration, in nanoseconds.
    pub avg: u64,
    /// Spread of that time, in nanoseconds.
    pub variance: u64,
}
