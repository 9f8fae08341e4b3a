//! What `main!` does before and after the tests.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;

use libtest_async::{__private::AsyncFunction, capture, close_shared};

use crate::testing::runtimes::block_on::block_on;
use crate::testing::runtimes::test_runtime::TestRuntime;
use crate::testing::test::failure::TestFailure;
use crate::testing::test::test_output::{Outcome, TestOutput};
use crate::{TaskLocals, task_locals};

/// Calls an async function; the future stays on the thread that calls.
pub(crate) type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Outcome>>> + Send>;

/// The functions that stand in `main!`.
#[doc(hidden)]
pub struct Hooks {
    /// Puts modules into the interpreter's table, before it starts.
    pub(crate) add_modules: fn(),
    pub(crate) setup: Option<Hook>,
    pub(crate) teardown: Option<Hook>,
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

impl Hooks {
    /// Does nothing but add modules.
    #[must_use]
    pub fn new(add_modules: fn()) -> Self {
        Self {
            add_modules,
            setup: None,
            teardown: None,
        }
    }

    /// Calls a function before the first test.
    #[must_use]
    pub fn with_setup<F, R>(self, setup: F) -> Self
    where
        F: FnOnce() -> R + AsyncFunction<Output: TestOutput> + Send + 'static,
    {
        let setup = Some(hook(setup));
        Self { setup, ..self }
    }

    /// Calls a function after the last test.
    #[must_use]
    pub fn with_teardown<F, R>(self, teardown: F) -> Self
    where
        F: FnOnce() -> R + AsyncFunction<Output: TestOutput> + Send + 'static,
    {
        let teardown = Some(hook(teardown));
        Self { teardown, ..self }
    }
}

fn hook<F>(function: F) -> Hook
where
    F: AsyncFunction<Output: TestOutput> + Send + 'static,
{
    Box::new(|| Box::pin(async { function.call().await.into_outcome() }))
}

/// Where hooks, and what closes shared values, are polled: on the thread that asks for it, beside the run's loop, inside
/// the runtime's context.
#[derive(Clone)]
pub(crate) struct HookContext {
    pub(crate) locals: TaskLocals,
    pub(crate) runtime: &'static TestRuntime,
}

impl HookContext {
    /// Calls a hook, and says whether it succeeded; an error is printed, and the panic hook has printed a panic.
    pub(crate) fn call(&self, hook: Option<Hook>) -> bool {
        let Some(hook) = hook else {
            return true;
        };
        let called = panic::catch_unwind(AssertUnwindSafe(|| self.run(|| block_on(hook()))));
        let Ok(outcome) = called else {
            return false;
        };
        outcome.map_err(print).is_ok()
    }

    /// Closes what the tests share, and says whether that succeeded.
    pub(crate) fn close_shared(&self) -> bool {
        self.run(close_shared)
    }

    fn run<T>(&self, function: impl FnOnce() -> T) -> T {
        let _entered = task_locals::enter(self.locals.clone());
        let (mut function, mut output) = (Some(function), None);
        (self.runtime.enter)(&mut || output = function.take().map(|function| function()));
        output.expect("every runtime calls the function")
    }
}

fn print(failure: TestFailure) {
    let failed = failure.into_failed(None);
    let words = format!("error: {}\n", failed.message().unwrap_or_default());
    capture::Context::default().print(words.as_bytes());
}
