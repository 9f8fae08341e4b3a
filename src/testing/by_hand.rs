//! Tests put together by hand, written and documented once for all runtimes.

/// Defines the functions of the module `testing` of one runtime.
macro_rules! by_hand {
    ($runtime:expr, $module:literal) => {
        use std::panic::Location;

        use pyo3::prelude::*;

        use super::outcome::outcome;
        use super::run;
        use super::test::{Test, Work};

        /// Creates a test that calls a function on a thread of its own, which bears the test's name.
        ///
        /// An `Err` and a panic fail the test.
        #[must_use]
        pub fn new_sync_test<F>(name: String, function: F) -> Test
        where
            F: FnOnce() -> PyResult<()> + Send + 'static,
        {
            let work = Work::Sync(Box::new(|| outcome(function())));
            Test::new(name, work, Some(&$runtime))
        }

        /// Runs the tests with the arguments of the process, and ends the process with 101 if one of them failed.
        ///
        /// Has to be called on the main thread, which Python's event loop then has. Python is started only when a test
        /// is to run. The name of the suite is for the reader of the source; the report names the binary.
        ///
        /// ```no_run
        #[doc = concat!("use pyo3_aio::", $module, "::testing::{new_sync_test, test_main};")]
        /// use pyo3_aio::testing::Test;
        ///
        /// test_main("Example", vec![
        ///     Test::new_async("async".into(), async { Ok(()) }),
        ///     new_sync_test("sync".into(), || Ok(())),
        /// ]);
        /// ```
        #[track_caller]
        pub fn test_main(_suite: &str, tests: Vec<Test>) {
            run::test_main(Location::caller().file(), tests, &$runtime);
        }
    };
}

pub(super) use by_hand;
