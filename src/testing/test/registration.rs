//! The tests that the attributes have registered.

use std::time::Duration;

use super::generator;
use super::settings::{ExpectedFailure, TestSettings};
use super::test::{Test, TestBody, TestWork, full_name};
use crate::testing::runtimes::test_runtime::TestRuntime;
use crate::testing::source_file::SourceLocation;

/// A test that an attribute submits to `inventory`: constants and function pointers, since it lies in a `static`.
#[doc(hidden)]
pub struct TestRegistration {
    module: &'static str,
    name: &'static str,
    source: SourceLocation,
    runtime: &'static TestRuntime,
    body: TestBody,
    ignored: Option<&'static str>,
    should_panic: Option<&'static str>,
    settings: TestSettings,
}

inventory::collect!(TestRegistration);

impl TestRegistration {
    /// Takes `module_path!()`, the function's name, `(file!(), line!(), column!())`, the runtime and the function.
    #[must_use]
    pub const fn new(
        module: &'static str,
        name: &'static str,
        source: (&'static str, u32, u32),
        runtime: &'static TestRuntime,
        body: TestBody,
    ) -> Self {
        let (file, line, column) = source;
        let source = SourceLocation { file, line, column };
        Self {
            module,
            name,
            source,
            runtime,
            body,
            ignored: None,
            should_panic: None,
            settings: TestSettings::new(),
        }
    }

    /// Marks the test as ignored, for a reason that may be empty.
    #[must_use]
    pub const fn ignored(mut self, reason: &'static str) -> Self {
        self.ignored = Some(reason);
        self
    }

    /// Expects a panic, with a text that may be empty.
    #[must_use]
    pub const fn should_panic(mut self, expected: &'static str) -> Self {
        self.should_panic = Some(expected);
        self
    }

    /// Limits the time of the test, in milliseconds.
    #[must_use]
    pub const fn timeout(mut self, milliseconds: u64) -> Self {
        self.settings.timeout = Some(Duration::from_millis(milliseconds));
        self
    }

    /// Runs no other test at the same time.
    #[must_use]
    pub const fn serial(mut self) -> Self {
        self.settings.serial = true;
        self
    }

    /// Sets the name of the event loop.
    #[must_use]
    pub const fn event_loop(mut self, name: &'static str) -> Self {
        self.settings.event_loop.kind = Some(name);
        self
    }

    /// Gives the test an event loop of its own.
    #[must_use]
    pub const fn own_event_loop(mut self) -> Self {
        self.settings.event_loop.is_exclusive = true;
        self
    }

    /// Runs the test's event loop, which is its own then, in debug mode.
    #[must_use]
    pub const fn debug(mut self) -> Self {
        self.settings.event_loop.is_debug = true;
        self
    }

    /// Expects an exception of this class.
    #[must_use]
    pub const fn raises(mut self, class: &'static str) -> Self {
        self.settings.raises = Some(class);
        self
    }

    /// Sets the tags, by which `--tag` selects.
    #[must_use]
    pub const fn tags(mut self, tags: &'static [&'static str]) -> Self {
        self.settings.tags = tags;
        self
    }

    /// Sets how many times more the test may run if it fails.
    #[must_use]
    pub const fn retries(mut self, retries: u32) -> Self {
        self.settings.retries = Some(retries);
        self
    }

    /// Expects the test to fail, for a reason that may be empty.
    #[must_use]
    pub const fn expected_failure(mut self, reason: &'static str, is_strict: bool) -> Self {
        self.settings.expected_failure = Some(ExpectedFailure { reason, is_strict });
        self
    }

    /// Limits the time of the test where `--ensure-time` asks for that, in milliseconds.
    #[must_use]
    pub const fn max_time(mut self, milliseconds: u64) -> Self {
        self.settings.max_time = Some(Duration::from_millis(milliseconds));
        self
    }

    /// Chooses tokio's multi-thread runtime.
    #[must_use]
    pub const fn multi_thread(mut self) -> Self {
        self.settings.tokio.is_multi_thread = true;
        self
    }

    /// Sets the number of worker threads of that runtime.
    #[must_use]
    pub const fn worker_threads(mut self, count: usize) -> Self {
        self.settings.tokio.worker_threads = Some(count);
        self
    }

    /// Sets whether tokio's clock is paused when the test starts.
    #[must_use]
    pub const fn start_paused(mut self, is_paused: bool) -> Self {
        self.settings.tokio.starts_paused = is_paused;
        self
    }

    fn to_test(&self) -> Test {
        Test {
            name: full_name(self.module, self.name),
            work: TestWork::Repeatable(self.body),
            runtime: Some(self.runtime),
            source: Some(self.source),
            ignored: self.ignored,
            should_panic: self.should_panic,
            settings: self.settings,
            attributes: Vec::new(),
        }
    }
}

/// Submits a [`TestRegistration`].
///
/// An attribute cannot see whether its function is an associated one, which cannot be registered. In an `impl` or a `trait`
/// the compiler rejects the import first ("not supported in `trait`s or `impl`s", "consider moving it out"), and its message
/// contains the name of this macro.
#[doc(hidden)]
#[macro_export]
macro_rules! __testing_a_test_is_a_free_function {
    ($($registration:tt)*) => {
        use $crate::testing::__private::TestOutput as _;
        $crate::testing::__private::inventory::submit! { $($registration)* }
    };
}

/// Returns the registered tests, and those of the registered generators, in no particular order. `filters` are those of the
/// command line.
pub(crate) fn tests(filters: &[String]) -> impl Iterator<Item = Test> {
    let registered = inventory::iter::<TestRegistration>().map(TestRegistration::to_test);
    registered.chain(generator::tests(filters))
}

/// Returns the file of one of the registered tests.
pub(crate) fn any_file() -> Option<&'static str> {
    inventory::iter::<TestRegistration>()
        .next()
        .map(|registration| registration.source.file)
}
