//! The set-up and the tear-down of `main!`.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;

use libtest_async::{__private::AsyncFunction, capture, close_shared};

use crate::testing::runtimes::block_on::block_on;
use crate::testing::runtimes::test_runtime::TestRuntime;
use crate::testing::test::failure::TestFailure;
use crate::testing::test::test_output::{Outcome, TestOutput};
use crate::{TaskLocals, task_locals};

/// An async function; its future stays on the thread that calls the function.
pub(crate) type Hook = Box<dyn FnOnce() -> Pin<Box<dyn Future<Output = Outcome>>> + Send>;

/// The functions that are passed to `main!`.
#[doc(hidden)]
pub struct Hooks {
    /// Adds modules to the interpreter's table (`PyImport_AppendInittab`) before it starts.
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
    /// Creates hooks that only add modules.
    #[must_use]
    pub fn new(add_modules: fn()) -> Self {
        Self {
            add_modules,
            setup: None,
            teardown: None,
        }
    }

    /// Sets the function that is called before the first test.
    #[must_use]
    pub fn with_setup<F, R>(self, setup: F) -> Self
    where
        F: FnOnce() -> R + AsyncFunction<Output: TestOutput> + Send + 'static,
    {
        let setup = Some(hook(setup));
        Self { setup, ..self }
    }

    /// Sets the function that is called after the last test.
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

/// The context in which hooks, and the futures that close shared values, are polled: the run's main loop is the current one,
/// and the calling thread is inside the context of the library's own runtime.
#[derive(Clone)]
pub(crate) struct HookContext {
    pub(crate) locals: TaskLocals,
    pub(crate) runtime: &'static TestRuntime,
}

impl HookContext {
    /// Calls a hook, and says whether it succeeded. Prints its error; the panic hook has printed a panic.
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

    /// Closes the shared values, and says whether that succeeded.
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
    let text = format!("error: {}\n", failed.message().unwrap_or_default());
    capture::Context::default().print(text.as_bytes());
}
