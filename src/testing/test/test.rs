//! A test, before it is handed to the harness.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use libtest_async::Trial;
use pyo3::prelude::*;

use crate::testing::runtimes::test_runtime;
use crate::testing::runtimes::test_runtime::Runtime;
use crate::testing::session::session::Session;
use crate::testing::source_file::Source;
use crate::testing::test::execution::{Execution, Function};
use crate::testing::test::settings::Settings;
use crate::testing::test::test_output::{Outcome, TestFuture, erase};

/// A test for [`test_harness`](crate::testing::test_harness) or a runtime's `test_main`.
///
/// The functions with a runtime's `#[test]` attribute are such tests as well.
pub struct Test {
    pub(crate) name: String,
    pub(crate) work: Work,
    /// `None` is the runtime of whoever runs the test.
    pub(crate) runtime: Option<&'static Runtime>,
    pub(crate) source: Option<Source>,
    /// With a reason that may be empty.
    pub(crate) ignored: Option<&'static str>,
    /// With a text that may be empty.
    pub(crate) should_panic: Option<&'static str>,
    pub(crate) settings: Settings,
}

/// What a test does.
pub(crate) enum Work {
    Async(Box<dyn FnOnce() -> TestFuture + Send>),
    #[cfg_attr(
        not(any(
            feature = "async-std-runtime",
            feature = "smol-runtime",
            feature = "tokio-runtime"
        )),
        expect(dead_code, reason = "the functions that make them are the runtimes'")
    )]
    Sync(Box<dyn FnOnce() -> Outcome + Send>),
    /// What `--retries` can call again.
    Repeatable(Body),
}

/// The function that an attribute stands on.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Body {
    /// Makes the future of an async function.
    Async(fn() -> TestFuture),
    /// Calls a function without arguments.
    Sync(fn() -> Outcome),
    /// Calls a function that takes the event loop.
    SyncWithLoop(fn(Py<PyAny>) -> Outcome),
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Test")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Test {
    /// Creates a test that awaits a future, with the event loop of the harness as its current loop.
    ///
    /// An `Err` and a panic fail the test.
    #[must_use]
    pub fn new_async<F>(name: String, future: F) -> Self
    where
        F: Future<Output = PyResult<()>> + Send + 'static,
    {
        Self::new(
            name,
            Work::Async(Box::new(|| erase(Box::pin(future)))),
            None,
        )
    }

    pub(crate) fn new(name: String, work: Work, runtime: Option<&'static Runtime>) -> Self {
        Self {
            name,
            work,
            runtime,
            source: None,
            ignored: None,
            should_panic: None,
            settings: Settings::new(),
        }
    }

    /// Hands the test to the harness for a listing, which calls nothing of it.
    pub(crate) fn into_listed(self) -> Trial {
        let trial = Trial::test(self.name, || Ok(()));
        mark(trial, self.source, self.ignored, self.should_panic)
    }

    /// Hands the test to the harness; it will ask `session` for its loop when it starts.
    pub(crate) fn into_trial(
        self,
        session: &Arc<Session>,
        fallback: Option<&'static Runtime>,
    ) -> Trial {
        let execution = Arc::new(Execution {
            session: Arc::clone(session),
            runtime: self
                .runtime
                .or(fallback)
                .unwrap_or_else(test_runtime::default),
            source: self.source,
            settings: self.settings,
            locals: Mutex::default(),
            prepared: Mutex::default(),
            is_through: AtomicBool::new(false),
        });
        let (polling, timed_out) = (Arc::clone(&execution), Arc::clone(&execution));
        let mut trial = self
            .work
            .into_trial(self.name, execution)
            // Whose leak it was could not be told if others ran.
            .with_serial(self.settings.serial || session.checks_leaks())
            .with_block_on(move |test| polling.block_on(test))
            .with_timeout_description(move || timed_out.describe());
        if let Some(timeout) = self.settings.timeout {
            trial = trial.with_timeout(timeout);
        }
        mark(trial, self.source, self.ignored, self.should_panic)
    }
}

impl Work {
    fn into_trial(self, name: String, execution: Arc<Execution>) -> Trial {
        match self {
            Self::Async(start) => Trial::ignorable_async_test(name, || execution.run_async(start)),
            Self::Sync(function) => {
                let function = Function::WithoutArguments(function);
                Trial::ignorable_test(name, move || execution.run_sync(function))
            }
            Self::Repeatable(Body::Async(start)) => repeatable(execution, move |execution| {
                Trial::ignorable_async_test(name.clone(), move || {
                    execution.run_async(Box::new(start))
                })
            }),
            Self::Repeatable(Body::Sync(function)) => repeatable(execution, move |execution| {
                Trial::ignorable_test(name.clone(), move || {
                    execution.run_sync(Function::WithoutArguments(Box::new(function)))
                })
            }),
            Self::Repeatable(Body::SyncWithLoop(function)) => {
                repeatable(execution, move |execution| {
                    Trial::ignorable_test(name.clone(), move || {
                        execution.run_sync(Function::WithLoop(function))
                    })
                })
            }
        }
    }
}

/// Makes a trial that `make` makes anew for each attempt.
fn repeatable(
    execution: Arc<Execution>,
    make: impl Fn(Arc<Execution>) -> Trial + Send + Sync + 'static,
) -> Trial {
    Trial::repeatable(move || make(Arc::clone(&execution)))
}

fn mark(
    mut trial: Trial,
    source: Option<Source>,
    ignored: Option<&'static str>,
    should_panic: Option<&'static str>,
) -> Trial {
    if let Some(Source { file, line, column }) = source {
        trial = trial.with_source_span(file, (line, column), (line, column));
    }
    trial = match ignored {
        Some("") => trial.with_ignored_flag(true),
        Some(reason) => trial.with_ignored_reason(reason),
        None => trial,
    };
    match should_panic {
        Some(expected) => trial.with_should_panic(Some(expected).filter(|text| !text.is_empty())),
        None => trial,
    }
}
