//! A single test or benchmark.

mod body;
mod cancellation;
mod description;
mod failed;
#[cfg(feature = "libtest-mimic")]
mod mimic;
mod task;

use self::body::done;
pub(crate) use self::body::{BlockOn, Body, BodyArguments, Describe, Done, Options, Verdict};
pub use self::body::{BlockOnOutput, TestFuture};
pub(crate) use self::cancellation::Cancellation;
pub(crate) use self::description::{Description, ExpectedFailure, ShouldPanic, Source};
pub use self::failed::{Completion, Failed, Measurement};
use self::task::async_body;
use crate::args::is_tag;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A single test or benchmark, with its attributes.
pub struct Trial {
    pub(crate) description: Description,
    pub(crate) body: Body,
    pub(crate) options: Options,
}

impl Trial {
    /// Creates a test that runs `runner` on a thread of its own, which bears the test's name.
    ///
    /// An `Err` and a panic fail the test.
    pub fn test<R>(name: impl Into<String>, runner: R) -> Self
    where
        R: FnOnce() -> Result<(), Failed> + Send + 'static,
    {
        Self::ignorable_test(name, || runner().map(|()| Completion::Completed))
    }

    /// Creates a test like [`Self::test`] that may skip itself at run time.
    ///
    /// `Ok(Completion::Ignored { .. })` makes it count as ignored, and shows the reason.
    pub fn ignorable_test<R>(name: impl Into<String>, runner: R) -> Self
    where
        R: FnOnce() -> Result<Completion, Failed> + Send + 'static,
    {
        Self::new(
            name.into(),
            Body::InProcess(Box::new(move |_| Some(runner().map(done)))),
        )
    }

    /// Creates a benchmark.
    ///
    /// Without `--bench`, `runner` gets `true`, should do its work once and may return `Ok(None)`.
    /// With `--bench` it gets `false` and has to return a [`Measurement`].
    pub fn bench<R>(name: impl Into<String>, runner: R) -> Self
    where
        R: FnOnce(bool) -> Result<Option<Measurement>, Failed> + Send + 'static,
    {
        let measure = move |once| match runner(once)? {
            _ if once => Ok(Done::Passed),
            Some(measurement) => Ok(Done::Measured(measurement)),
            None => Err("bench runner returned `Ok(None)` in bench mode".into()),
        };
        let body = Body::InProcess(Box::new(move |call| Some(measure(call.once))));
        let mut trial = Self::new(name.into(), body);
        trial.description.is_bench = true;
        trial
    }

    /// Creates a test that awaits `future`, on a thread of its own, which bears the test's name.
    ///
    /// A minimal `block_on` of this crate polls it there, or the one that
    /// [`with_block_on`](Self::with_block_on) names. An `Err` and a panic fail the test, and so does
    /// a runtime that drops the future before it is ready. For a future that is not `Send` there
    /// is [`local_async_test`](Self::local_async_test).
    pub fn async_test<F>(name: impl Into<String>, future: F) -> Self
    where
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        Self::local_async_test(name, move || future)
    }

    /// Creates a test that awaits the future that `start` returns, which need not be `Send`.
    ///
    /// `start` is called on the test's thread, where the future is polled: in the context of a
    /// runtime if [`with_block_on`](Self::with_block_on) names one.
    ///
    /// ```
    /// use std::rc::Rc;
    ///
    /// use libtest_async::Trial;
    ///
    /// let trial = Trial::local_async_test("counts", || async {
    ///     let count = Rc::new(1);
    ///     std::future::ready(()).await;
    ///     assert_eq!(*count, 1);
    ///     Ok(())
    /// });
    /// # assert_eq!(trial.name(), "counts");
    /// ```
    pub fn local_async_test<S, F>(name: impl Into<String>, start: S) -> Self
    where
        S: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<(), Failed>> + 'static,
    {
        Self::ignorable_async_test(name, || async {
            start().await.map(|()| Completion::Completed)
        })
    }

    /// Creates a test like [`Self::local_async_test`] that may skip itself at run time, like
    /// [`Self::ignorable_test`].
    pub fn ignorable_async_test<S, F>(name: impl Into<String>, start: S) -> Self
    where
        S: FnOnce() -> F + Send + 'static,
        F: Future<Output = Result<Completion, Failed>> + 'static,
    {
        Self::new(name.into(), async_body(start))
    }

    /// Creates a test that can run more than once in the same process, as `--retries` may want.
    ///
    /// `make` returns the test. It is called at once; and for each further attempt on the test's thread, where only
    /// the body of the trial that it returns is used. Other tests can be retried with `--isolate` only.
    ///
    /// ```
    /// use libtest_async::Trial;
    ///
    /// let trial = Trial::repeatable(|| {
    ///     Trial::async_test("connects", async {
    ///         std::future::ready(()).await;
    ///         Ok(())
    ///     })
    /// });
    /// # assert_eq!(trial.name(), "connects");
    /// ```
    pub fn repeatable<M>(make: M) -> Self
    where
        M: Fn() -> Self + Send + Sync + 'static,
    {
        let mut trial = make();
        let make = Arc::new(make);
        trial.options.remake = Some(Arc::new(move || {
            let make = make.clone();
            Body::InProcess(Box::new(move |call| match make().body {
                Body::InProcess(body) => body(call),
                Body::InWorker => None,
            }))
        }));
        trial
    }

    pub(crate) fn new(name: String, body: Body) -> Self {
        Self {
            description: Description::new(name),
            body,
            options: Options::default(),
        }
    }

    /// Sets the kind, which is shown in brackets before the name: `test [kind] name ... ok`.
    pub fn with_kind(mut self, kind: impl Into<String>) -> Self {
        self.description.kind = kind.into();
        self
    }

    /// Sets whether the test runs only when ignored tests are asked for.
    pub fn with_ignored_flag(mut self, is_ignored: bool) -> Self {
        self.description.ignored = is_ignored;
        self
    }

    /// Marks the test as ignored, with a reason, like `#[ignore = "why"]`.
    pub fn with_ignored_reason(mut self, why: impl Into<Cow<'static, str>>) -> Self {
        self.description.ignored = true;
        self.description.ignore_reason = Some(why.into());
        self
    }

    /// Makes the test pass only if it panics, like `#[should_panic(expected = "...")]`.
    ///
    /// With `Some(expected)` the panic's text has to contain that string.
    ///
    /// ```
    /// use libtest_async::Trial;
    ///
    /// let trial = Trial::test("divides", || panic!("attempt to divide by zero"))
    ///     .with_should_panic(Some("divide"));
    /// # assert_eq!(trial.name(), "divides");
    /// ```
    pub fn with_should_panic<E>(mut self, expected: Option<E>) -> Self
    where
        E: Into<Cow<'static, str>>,
    {
        self.description.should_panic = match expected {
            Some(expected) => ShouldPanic::With(expected.into()),
            None => ShouldPanic::Yes,
        };
        self
    }

    /// Sets the source location of the test, for messages and for `--list --format json`.
    pub fn with_source(self, file: impl Into<Cow<'static, str>>, line: u32) -> Self {
        self.with_source_span(file, (line, 0), (line, 0))
    }

    /// Sets the source location of the test like [`with_source`](Self::with_source), with the line and the column, both
    /// counted from 1, of the start and of the end of the function's name.
    pub fn with_source_span(
        mut self,
        file: impl Into<Cow<'static, str>>,
        start: (u32, u32),
        end: (u32, u32),
    ) -> Self {
        self.description.source = Some(Source {
            file: file.into(),
            start,
            end,
        });
        self
    }

    /// Sets whether no other test may run at the same time, with threads as well as with
    /// `--isolate`.
    ///
    /// Tests keep their order: a serial one waits for those that run, and those after it wait for
    /// it. cargo-nextest runs each test in a process of its own, and does not know of this: use one of its test groups.
    pub fn with_serial(mut self, is_serial: bool) -> Self {
        self.description.is_serial = is_serial;
        self
    }

    /// Adds tags, by which `--tag` selects.
    ///
    /// # Panics
    ///
    /// Panics if a tag is `and`, `or`, `not` or empty, or has blanks, control characters or parentheses.
    ///
    /// ```
    /// use libtest_async::Trial;
    ///
    /// let trial = Trial::test("connects", || Ok(())).with_tags(["network", "slow"]);
    /// assert!(trial.tags().eq(["network", "slow"]));
    /// ```
    pub fn with_tags<I>(mut self, tags: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Cow<'static, str>>,
    {
        for tag in tags {
            let tag = tag.into();
            assert!(
                is_tag(&tag),
                "{tag:?} cannot be a tag of a test: see `Trial::with_tags`"
            );
            self.description.extras_mut().tags.push(tag);
        }
        self
    }

    /// Sets how many times more the test may run if it fails, in place of what `--retries` says.
    ///
    /// A test that passes at last has passed, and is listed as flaky; with `--fail-on-flaky` it has failed. A
    /// test that can run only once in a process, because it is made of an `FnOnce` or of one future, is retried
    /// with `--isolate` only: see [`repeatable`](Self::repeatable).
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.description.extras_mut().retries = Some(retries);
        self
    }

    /// Expects the test to fail, for this reason, as pytest's `xfail` does.
    ///
    /// A failure, whatever it is, then counts as ignored, and the report shows `ignored, expected failure: REASON`. A
    /// pass is a pass.
    ///
    /// ```
    /// use libtest_async::Trial;
    ///
    /// let trial = Trial::test("rounds", || Err("off by one".into()))
    ///     .with_expected_failure("issue 12");
    /// # assert_eq!(trial.name(), "rounds");
    /// ```
    pub fn with_expected_failure(self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.expecting_failure(reason.into(), false)
    }

    /// Expects the test to fail like [`with_expected_failure`](Self::with_expected_failure), and fails it if it
    /// passes, as pytest's `xfail(strict=True)` does: so the mark goes when the fault has gone.
    pub fn with_strict_expected_failure(self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.expecting_failure(reason.into(), true)
    }

    fn expecting_failure(mut self, reason: Cow<'static, str>, is_strict: bool) -> Self {
        self.description.extras_mut().expected_failure =
            Some(ExpectedFailure { reason, is_strict });
        self
    }

    /// Sets how long the test may take with `--ensure-time`, in place of the limit of `RUST_TEST_TIME_INTEGRATION`.
    ///
    /// A test that passes, but takes longer, has failed. Without `--ensure-time` it has passed: what takes long on one machine
    /// is fast on another. Unlike [`with_timeout`](Self::with_timeout) this stops nothing.
    pub fn with_max_time(mut self, max_time: Duration) -> Self {
        self.description.extras_mut().max_time = Some(max_time);
        self
    }

    /// Sets the function that polls the future of an async trial, on the test's thread. It changes nothing for others.
    ///
    /// `block_on` may make a runtime, and drop it at its end: what that prints belongs to the test. The test
    /// has failed if `block_on` returns before the future is ready, if it panics, and if it returns an
    /// `Err`, which is shown beside an error of the test itself.
    ///
    /// ```
    /// # mod tokio { pub mod runtime {
    /// #     pub struct Runtime;
    /// #     impl Runtime {
    /// #         pub fn new() -> std::io::Result<Self> { Ok(Self) }
    /// #         pub fn block_on<F: Future>(&self, _: F) {}
    /// #     }
    /// # } }
    /// use libtest_async::Trial;
    ///
    /// let trial = Trial::async_test("sleeps", async { Ok(()) }).with_block_on(|future| {
    ///     let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    ///     runtime.block_on(future)
    /// });
    /// ```
    pub fn with_block_on<B, R>(mut self, block_on: B) -> Self
    where
        B: Fn(TestFuture) -> R + Send + Sync + 'static,
        R: BlockOnOutput,
    {
        self.options.block_on = Some(Arc::new(move |test| block_on(test).into_result()));
        self
    }

    /// Sets how long the test may take, in place of what `--timeout` says.
    ///
    /// After that time the test has failed. A future that waits is dropped; the next test starts when that has been done,
    /// or after a second. A thread that blocks goes on until the process ends, and is not waited for. If it is
    /// the thread that awaits the run then the process ends five seconds after the report. With `--isolate` the test's
    /// process is killed.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.options.timeout = Some(timeout);
        self
    }

    /// Sets the function that describes what the test is doing when its time is over. The text is shown with the test's
    /// output.
    ///
    /// It is called on a thread of its own, which works for the test, before the test's future is
    /// dropped, or its process is killed with `--isolate`, and is waited for two seconds at most.
    pub fn with_timeout_description<D>(mut self, describe: D) -> Self
    where
        D: Fn() -> String + Send + Sync + 'static,
    {
        self.options.describe = Some(Arc::new(describe));
        self
    }

    /// Returns the name of this trial.
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// Returns the kind of this trial, which is empty if none was set.
    pub fn kind(&self) -> &str {
        &self.description.kind
    }

    /// Returns the tags of this trial.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.description.tags().iter().map(Cow::as_ref)
    }

    /// Returns whether this trial has been marked as ignored.
    pub fn has_ignored_flag(&self) -> bool {
        self.description.ignored
    }

    /// Returns whether this trial is a test, not a benchmark.
    pub fn is_test(&self) -> bool {
        !self.description.is_bench
    }

    /// Returns whether this trial is a benchmark, not a test.
    pub fn is_bench(&self) -> bool {
        self.description.is_bench
    }

    pub(crate) fn description(&self) -> &Description {
        &self.description
    }
}

impl fmt::Debug for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trial")
            .field("name", &self.description.name)
            .field("kind", &self.description.kind)
            .field("is_ignored", &self.description.ignored)
            .field("is_bench", &self.description.is_bench)
            .finish_non_exhaustive()
    }
}
