//! The modules `testing` of the runtimes, for tests that are built by hand: `pyo3_aio::tokio::testing` and so on.
//!
//! The functions have the names and signatures of `pyo3_async_runtimes::testing` and are the same for every runtime, so one
//! macro defines and documents them.

/// Defines the module `testing` of one runtime.
macro_rules! define_module {
    ($(#[$attribute:meta])* $module:ident, $runtime:ident) => {
        $(#[$attribute])*
        pub mod $module {
            use std::panic::Location;

            use pyo3::prelude::*;

            use crate::testing::run::test_binary;
            use crate::testing::runtimes::test_runtime::$runtime;
            use crate::testing::test::test::{Test, TestWork};
            use crate::testing::test::test_output::outcome;

            /// Creates a test that calls a function on a thread of its own, which bears the test's name.
            ///
            /// An `Err` and a panic fail the test.
            #[must_use]
            pub fn new_sync_test<F>(name: String, function: F) -> Test
            where
                F: FnOnce() -> PyResult<()> + Send + 'static,
            {
                let work = TestWork::Sync(Box::new(|| outcome(function())));
                Test::new(name, work, Some(&$runtime))
            }

            /// Runs the tests with the arguments of the process, and ends the process with 101 if one of them failed.
            ///
            /// Has to be called on the main thread, which Python's event loop then has. Python is started only when a test
            /// is to run. The name of the suite is for the reader of the source; the report names the binary.
            ///
            /// ```no_run
            #[doc = concat!("use pyo3_aio::", stringify!($module), "::testing::{new_sync_test, test_main};")]
            /// use pyo3_aio::testing::Test;
            ///
            /// test_main("Example", vec![
            ///     Test::new_async("async".into(), async { Ok(()) }),
            ///     new_sync_test("sync".into(), || Ok(())),
            /// ]);
            /// ```
            #[track_caller]
            pub fn test_main(_suite: &str, tests: Vec<Test>) {
                test_binary::test_main(Location::caller().file(), tests, &$runtime);
            }
        }
    };
}

#[cfg(feature = "tokio-runtime")]
define_module! {
    /// Functions for tests that are built by hand and run on tokio.
    tokio, TOKIO
}

#[cfg(feature = "async-std-runtime")]
define_module! {
    /// Functions for tests that are built by hand and run on async-std.
    async_std, ASYNC_STD
}

#[cfg(feature = "smol-runtime")]
define_module! {
    /// Functions for tests that are built by hand and run on smol.
    smol, SMOL
}
