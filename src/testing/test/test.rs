//! A test, before it is handed to the harness.

use std::fmt;
use std::sync::Arc;

use libtest_async::{Arguments, Trial};
use pyo3::prelude::*;

use super::execution::{Execution, SyncFunction};
use super::settings::{ExpectedFailure, TestSettings};
use super::test_output::{Outcome, TestFuture, erase};
use crate::testing::runtimes::test_runtime;
use crate::testing::runtimes::test_runtime::TestRuntime;
use crate::testing::session::session::Session;
use crate::testing::source_file::SourceLocation;

/// A test for [`test_harness`](crate::testing::test_harness) or a runtime's `test_main`.
///
/// The functions with a runtime's `#[test]` attribute are such tests as well.
pub struct Test {
    pub(crate) name: String,
    pub(crate) work: TestWork,
    /// `None` stands for the runtime of `test_main`, or else the default one.
    pub(crate) runtime: Option<&'static TestRuntime>,
    pub(crate) source: Option<SourceLocation>,
    /// The reason for ignoring the test, which may be empty.
    pub(crate) ignored: Option<&'static str>,
    /// The text that the panic has to contain, which may be empty.
    pub(crate) should_panic: Option<&'static str>,
    pub(crate) settings: TestSettings,
    /// The attributes that a program has added, in its order.
    pub(super) attributes: Vec<Attribute>,
}

/// An attribute that the harness has as well.
pub(super) type Attribute = Box<dyn FnOnce(Trial) -> Trial + Send>;

/// Converts tests for the harness: for a listing only their names and attributes.
pub(crate) fn trials(
    tests: impl IntoIterator<Item = Test>,
    arguments: &Arguments,
    session: &Arc<Session>,
    runtime: Option<&'static TestRuntime>,
) -> Vec<Trial> {
    let tests = tests.into_iter();
    match arguments.list {
        true => tests.map(Test::into_listed).collect(),
        false => tests
            .map(|test| test.into_trial(session, runtime))
            .collect(),
    }
}

/// The work of a test.
pub(crate) enum TestWork {
    Async(Box<dyn FnOnce() -> TestFuture + Send>),
    Sync(Box<dyn FnOnce() -> Outcome + Send>),
    /// A function, which `--retries` can call again.
    Repeatable(TestBody),
    /// A closure, which `--retries` can call again.
    Generated(GeneratedBody),
}

/// The closure of a test that a program makes.
#[derive(Clone)]
pub(crate) enum GeneratedBody {
    /// Makes the future.
    Async(Arc<dyn Fn() -> TestFuture + Send + Sync>),
    Sync(Arc<dyn Fn() -> Outcome + Send + Sync>),
}

/// The function below an attribute `test`.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum TestBody {
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
            TestWork::Async(Box::new(|| erase(Box::pin(future)))),
            None,
        )
    }

    pub(crate) fn new(name: String, work: TestWork, runtime: Option<&'static TestRuntime>) -> Self {
        Self {
            name,
            work,
            runtime,
            source: None,
            ignored: None,
            should_panic: None,
            settings: TestSettings::new(),
            attributes: Vec::new(),
        }
    }

    /// Converts the test for a listing, which calls no function of it.
    pub(crate) fn into_listed(self) -> Trial {
        let trial = Trial::test(self.name, || Ok(()));
        let trial = with_attributes(
            trial,
            self.source,
            self.ignored,
            self.should_panic,
            self.settings.tags,
        );
        apply(self.attributes, trial)
    }

    /// Converts the test for a run; it gets its loop from `session` when it starts.
    pub(crate) fn into_trial(
        self,
        session: &Arc<Session>,
        fallback: Option<&'static TestRuntime>,
    ) -> Trial {
        let execution = Arc::new(Execution::new(
            session,
            self.runtime
                .or(fallback)
                .unwrap_or_else(test_runtime::default),
            self.source,
            self.settings,
        ));
        let (polling, timed_out) = (Arc::clone(&execution), Arc::clone(&execution));
        let mut trial = self
            .work
            .into_trial(self.name, execution)
            // If other tests ran at the same time, it could not be known which of them leaked.
            .with_serial(self.settings.serial || session.checks_leaks())
            .with_block_on(move |test| polling.block_on(test))
            .with_timeout_description(move || timed_out.describe());
        if let Some(timeout) = self.settings.timeout {
            trial = trial.with_timeout(timeout);
        }
        if let Some(retries) = self.settings.retries {
            trial = trial.with_retries(retries);
        }
        if let Some(max_time) = self.settings.max_time {
            trial = trial.with_max_time(max_time);
        }
        match self.settings.expected_failure {
            Some(ExpectedFailure {
                reason,
                is_strict: true,
            }) => {
                trial = trial.with_strict_expected_failure(reason);
            }
            Some(ExpectedFailure { reason, .. }) => trial = trial.with_expected_failure(reason),
            None => {}
        }
        let trial = with_attributes(
            trial,
            self.source,
            self.ignored,
            self.should_panic,
            self.settings.tags,
        );
        apply(self.attributes, trial)
    }
}

impl TestWork {
    fn into_trial(self, name: String, execution: Arc<Execution>) -> Trial {
        match self {
            Self::Async(start) => Trial::ignorable_async_test(name, || execution.run_async(start)),
            Self::Sync(function) => {
                let function = SyncFunction::WithoutArguments(function);
                Trial::ignorable_test(name, move || execution.run_sync(function))
            }
            Self::Generated(GeneratedBody::Async(start)) => {
                repeatable(execution, move |execution| {
                    let start = Arc::clone(&start);
                    Trial::ignorable_async_test(name.clone(), move || {
                        execution.run_async(Box::new(move || start()))
                    })
                })
            }
            Self::Generated(GeneratedBody::Sync(function)) => {
                repeatable(execution, move |execution| {
                    let function = Arc::clone(&function);
                    let function = SyncFunction::WithoutArguments(Box::new(move || function()));
                    Trial::ignorable_test(name.clone(), move || execution.run_sync(function))
                })
            }
            Self::Repeatable(TestBody::Async(start)) => repeatable(execution, move |execution| {
                Trial::ignorable_async_test(name.clone(), move || {
                    execution.run_async(Box::new(start))
                })
            }),
            Self::Repeatable(TestBody::Sync(function)) => repeatable(execution, move |execution| {
                Trial::ignorable_test(name.clone(), move || {
                    execution.run_sync(SyncFunction::WithoutArguments(Box::new(function)))
                })
            }),
            Self::Repeatable(TestBody::SyncWithLoop(function)) => {
                repeatable(execution, move |execution| {
                    Trial::ignorable_test(name.clone(), move || {
                        execution.run_sync(SyncFunction::WithLoop(function))
                    })
                })
            }
        }
    }
}

/// Creates a trial of which `make` creates each attempt.
fn repeatable(
    execution: Arc<Execution>,
    make: impl Fn(Arc<Execution>) -> Trial + Send + Sync + 'static,
) -> Trial {
    Trial::repeatable(move || make(Arc::clone(&execution)))
}

/// Adds the attributes that a program has set.
fn apply(attributes: Vec<Attribute>, trial: Trial) -> Trial {
    attributes.into_iter().fold(trial, |trial, add| add(trial))
}

/// Adds the attributes of the test function to its trial.
fn with_attributes(
    mut trial: Trial,
    source: Option<SourceLocation>,
    ignored: Option<&'static str>,
    should_panic: Option<&'static str>,
    tags: &'static [&'static str],
) -> Trial {
    if !tags.is_empty() {
        trial = trial.with_tags(tags.iter().copied());
    }
    if let Some(SourceLocation { file, line, column }) = source {
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

/// Returns the name that libtest would give: the path without the crate.
pub(super) fn full_name(module: &str, name: &str) -> String {
    match module.split_once("::") {
        Some((_crate, module)) => format!("{module}::{name}"),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::full_name;

    #[test]
    fn a_name_is_the_path_without_the_crate() {
        assert_eq!(full_name("my_tests", "sleeps"), "sleeps");
        assert_eq!(
            full_name("my_tests::inner::deep", "sleeps"),
            "inner::deep::sleeps"
        );
    }
}
