//! A single test or benchmark.

use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::failed::{Completion, Failed, Measurement};

/// A test that is handed to a runtime: it reports by itself and returns nothing.
pub type TestFuture = Pin<Box<dyn Future<Output = ()> + Send + 'static>>;

/// Where async trials are polled.
#[derive(Clone)]
pub(crate) enum Spawner {
    /// On a thread that bears the trial's name.
    Threads,
    /// On a runtime, where this starts them.
    Runtime(Arc<dyn Fn(TestFuture) + Send + Sync>),
}

/// What a body that did not fail has to say.
pub(crate) enum Done {
    Passed,
    Skipped { reason: Option<String> },
    Measured(Measurement),
}

/// What a body returns.
pub(crate) type Verdict = Result<Done, Failed>;

/// What a trial executes.
pub(crate) enum Body {
    /// Runs on a thread of its own. The argument says whether to run only once, unmeasured.
    Sync(Box<dyn FnOnce(bool) -> Verdict + Send>),
    /// Runs on a runtime.
    Async(Pin<Box<dyn Future<Output = Verdict> + Send>>),
    /// Runs in a worker process, where there is another trial of this name.
    Elsewhere,
}

/// Makes a body anew.
pub(crate) type Remake = Arc<dyn Fn() -> Body + Send + Sync>;

/// A single test or benchmark, with what `#[ignore]` and `#[should_panic]` would say about it.
pub struct Trial {
    pub(crate) description: Description,
    pub(crate) body: Body,
    pub(crate) spawn: Option<Spawner>,
    pub(crate) timeout: Option<Duration>,
    /// Present if the trial can run more than once.
    pub(crate) remake: Option<Remake>,
}

/// What is known of a trial without running it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) is_bench: bool,
    /// Present if it is a benchmark in a run that measures: so many bytes the longest name of these has.
    pub(crate) width: Option<usize>,
    pub(crate) ignored: bool,
    pub(crate) ignore_reason: Option<Cow<'static, str>>,
    pub(crate) should_panic: ShouldPanic,
    pub(crate) source: Option<Source>,
}

/// Whether a panic is what a test is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ShouldPanic {
    No,
    Yes,
    /// The panic's text has to contain this.
    With(Cow<'static, str>),
}

/// Where a test is defined. Columns are 0 when they are not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) file: Cow<'static, str>,
    pub(crate) start: (u32, u32),
    pub(crate) end: (u32, u32),
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

    /// Creates a test like [`Self::test`] that may find that it cannot run.
    ///
    /// `Ok(Completion::Ignored { .. })` makes it count as ignored, with the reason shown.
    pub fn ignorable_test<R>(name: impl Into<String>, runner: R) -> Self
    where
        R: FnOnce() -> Result<Completion, Failed> + Send + 'static,
    {
        Self::new(
            name.into(),
            Body::Sync(Box::new(move |_once| runner().map(done))),
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
        let body = Body::Sync(Box::new(move |once| match runner(once)? {
            _ if once => Ok(Done::Passed),
            Some(measurement) => Ok(Done::Measured(measurement)),
            None => Err("bench runner returned `Ok(None)` in bench mode".into()),
        }));
        let mut trial = Self::new(name.into(), body);
        trial.description.is_bench = true;
        trial
    }

    /// Creates a test that awaits `future`.
    ///
    /// [`run`](crate::run) polls it on a thread of its own, [`run_async`](crate::run_async) hands
    /// it to the runtime. An `Err` and a panic fail the test, and so does a runtime that drops the
    /// future before it is through.
    pub fn async_test<F>(name: impl Into<String>, future: F) -> Self
    where
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        Self::ignorable_async_test(name, async { future.await.map(|()| Completion::Completed) })
    }

    /// Creates a test like [`Self::async_test`] that may find that it cannot run.
    pub fn ignorable_async_test<F>(name: impl Into<String>, future: F) -> Self
    where
        F: Future<Output = Result<Completion, Failed>> + Send + 'static,
    {
        Self::new(
            name.into(),
            Body::Async(Box::pin(async { future.await.map(done) })),
        )
    }

    /// Creates a test like [`Self::test`] that can run more than once, as `--retries` may want.
    ///
    /// Other tests can be retried with `--isolate` only.
    pub fn repeatable_test<R>(name: impl Into<String>, runner: R) -> Self
    where
        R: Fn() -> Result<(), Failed> + Send + Sync + 'static,
    {
        Self::repeatable_ignorable_test(name, move || runner().map(|()| Completion::Completed))
    }

    /// Creates a test like [`Self::repeatable_test`] that may find that it cannot run.
    pub fn repeatable_ignorable_test<R>(name: impl Into<String>, runner: R) -> Self
    where
        R: Fn() -> Result<Completion, Failed> + Send + Sync + 'static,
    {
        let runner = Arc::new(runner);
        Self::repeatable(name.into(), move || {
            let runner = runner.clone();
            Body::Sync(Box::new(move |_once| runner().map(done)))
        })
    }

    /// Creates a test like [`Self::async_test`] that can run more than once, as `--retries` may
    /// want. `start` is called for each attempt, where the future is polled.
    pub fn repeatable_async_test<S, F>(name: impl Into<String>, start: S) -> Self
    where
        S: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<(), Failed>> + Send + 'static,
    {
        Self::repeatable_ignorable_async_test(name, move || {
            let future = start();
            async { future.await.map(|()| Completion::Completed) }
        })
    }

    /// Creates a test like [`Self::repeatable_async_test`] that may find that it cannot run.
    pub fn repeatable_ignorable_async_test<S, F>(name: impl Into<String>, start: S) -> Self
    where
        S: Fn() -> F + Send + Sync + 'static,
        F: Future<Output = Result<Completion, Failed>> + Send + 'static,
    {
        let start = Arc::new(start);
        Self::repeatable(name.into(), move || {
            let start = start.clone();
            Body::Async(Box::pin(async move { start().await.map(done) }))
        })
    }

    fn repeatable(name: String, remake: impl Fn() -> Body + Send + Sync + 'static) -> Self {
        let mut trial = Self::new(name, remake());
        trial.remake = Some(Arc::new(remake));
        trial
    }

    pub(crate) fn new(name: String, body: Body) -> Self {
        let description = Description {
            name,
            kind: String::new(),
            is_bench: false,
            width: None,
            ignored: false,
            ignore_reason: None,
            should_panic: ShouldPanic::No,
            source: None,
        };
        Self {
            description,
            body,
            spawn: None,
            timeout: None,
            remake: None,
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

    /// Marks the test as ignored and says why, like `#[ignore = "why"]`.
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

    /// Says where the test is defined, for messages and for `--list --format json`.
    pub fn with_source(self, file: impl Into<Cow<'static, str>>, line: u32) -> Self {
        self.with_source_span(file, (line, 0), (line, 0))
    }

    /// Like [`with_source`](Self::with_source), with the line and the column, both counted from 1,
    /// of the start and of the end of the function's name.
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

    /// Hands this trial to `spawn` instead of the run's own spawner, if it is an async one.
    ///
    /// `spawn` has to see to it that the future is polled to its end, or dropped.
    pub fn with_spawn<S>(mut self, spawn: S) -> Self
    where
        S: Fn(TestFuture) + Send + Sync + 'static,
    {
        self.spawn = Some(Spawner::Runtime(Arc::new(spawn)));
        self
    }

    /// Sets how long the test may take, in place of what `--timeout` says.
    ///
    /// After that time the test has failed. Its future is dropped; a thread that blocks goes on
    /// until the process ends, but nobody waits for it. If it is the thread that awaits the run then
    /// the process ends five seconds after the report. With `--isolate` the test's process is killed.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
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

impl Description {
    /// Returns the name as it is shown and filtered: with the kind, if there is one.
    pub(crate) fn title(&self) -> Cow<'_, str> {
        if self.kind.is_empty() {
            Cow::Borrowed(&self.name)
        } else {
            Cow::Owned(format!("[{}] {}", self.kind, self.name))
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            start: (line, column),
            ..
        } = self;
        match column {
            0 => write!(f, "{file}:{line}"),
            _ => write!(f, "{file}:{line}:{column}"),
        }
    }
}

fn done(completion: Completion) -> Done {
    match completion {
        Completion::Completed => Done::Passed,
        Completion::Ignored { reason } => Done::Skipped { reason },
    }
}
