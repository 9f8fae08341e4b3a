//! Tests that a program makes of closures, and their attributes, under the names of [`Trial`](libtest_async::Trial).

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use libtest_async::Trial;

use super::test::{GeneratedBody, Test, TestWork};
use super::test_output::{TestOutput, erase};

impl Test {
    /// Creates a test that calls a function on a thread of its own, which bears the test's name.
    ///
    /// An `Err` and a panic fail the test. With `--retries` the function is called again.
    #[must_use]
    pub fn from_fn<F, R>(name: impl Into<String>, function: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: TestOutput,
    {
        let body = GeneratedBody::Sync(Arc::new(move || function().into_outcome()));
        Self::new(name.into(), TestWork::Generated(body), None)
    }

    /// Creates a test that awaits the future which a function makes, on the test's thread; the future need not be `Send`.
    ///
    /// An `Err` and a panic fail the test. With `--retries` the function is called again.
    #[must_use]
    pub fn from_async_fn<F, T>(name: impl Into<String>, function: F) -> Self
    where
        F: Fn() -> T + Send + Sync + 'static,
        T: Future<Output: TestOutput + 'static> + 'static,
    {
        let body = GeneratedBody::Async(Arc::new(move || erase(Box::pin(function()))));
        Self::new(name.into(), TestWork::Generated(body), None)
    }

    /// Adds tags, by which `--tag` selects. A run of a test panics at its start if [`Trial::with_tags`] refuses one of them.
    #[must_use]
    pub fn with_tags<I>(self, tags: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Cow<'static, str>>,
    {
        let tags: Vec<Cow<'static, str>> = tags.into_iter().map(Into::into).collect();
        self.with(move |trial| trial.with_tags(tags))
    }

    /// Marks the test as ignored, with a reason, like `#[ignore = "why"]`.
    #[must_use]
    pub fn with_ignored_reason(self, why: impl Into<Cow<'static, str>>) -> Self {
        let why = why.into();
        self.with(move |trial| trial.with_ignored_reason(why))
    }

    /// Makes the test pass only if it panics, like `#[should_panic(expected = "...")]`.
    #[must_use]
    pub fn with_should_panic<E>(self, expected: Option<E>) -> Self
    where
        E: Into<Cow<'static, str>>,
    {
        let expected = expected.map(Into::into);
        self.with(move |trial| trial.with_should_panic(expected))
    }

    /// Sets how many times more the test may run if it fails: see [`Trial::with_retries`].
    #[must_use]
    pub fn with_retries(self, retries: u32) -> Self {
        self.with(move |trial| trial.with_retries(retries))
    }

    /// Expects the test to fail, for this reason: see [`Trial::with_expected_failure`].
    #[must_use]
    pub fn with_expected_failure(self, reason: impl Into<Cow<'static, str>>) -> Self {
        let reason = reason.into();
        self.with(move |trial| trial.with_expected_failure(reason))
    }

    /// Expects the test to fail, and fails it if it passes: see [`Trial::with_strict_expected_failure`].
    #[must_use]
    pub fn with_strict_expected_failure(self, reason: impl Into<Cow<'static, str>>) -> Self {
        let reason = reason.into();
        self.with(move |trial| trial.with_strict_expected_failure(reason))
    }

    /// Sets how long the test may take with `--ensure-time`: see [`Trial::with_max_time`].
    #[must_use]
    pub fn with_max_time(self, max_time: Duration) -> Self {
        self.with(move |trial| trial.with_max_time(max_time))
    }

    /// Sets how long the test may take, in place of what `--timeout` says: see [`Trial::with_timeout`].
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = Some(timeout);
        self
    }

    /// Sets whether no other test may run at the same time: see [`Trial::with_serial`].
    #[must_use]
    pub fn with_serial(mut self, is_serial: bool) -> Self {
        self.settings.serial = is_serial;
        self
    }

    fn with(mut self, add: impl FnOnce(Trial) -> Trial + Send + 'static) -> Self {
        self.attributes.push(Box::new(add));
        self
    }
}
