//! The macro that is a test binary's main function.

/// Expands to the `main` function of a test binary, which runs the tests that the attributes have registered.
///
/// `modules` are `#[pymodule]`s of the crate that the tests are to import without anything being installed. A test
/// target can name them if they are public and the crate's `crate-type` contains `"rlib"`; the library's own tests can
/// in any case.
///
/// `setup` and `teardown` are functions or closures of type `fn(Python<'_>) -> PyResult<()>`, called on the main thread
/// before the first test and after the last one, if a test is to run at all (with `--isolate`, in each worker). An
/// error of the first keeps the tests from running; an error of either ends the process with 101. All three may be left
/// out, and come in this order:
///
/// ```no_run
/// # use pyo3::prelude::*;
/// pyo3_aio::testing::main!(
///     modules = [],
///     setup = |py| py.import("logging")?.call_method0("basicConfig").map(drop),
///     teardown = |_py| Ok(()),
/// );
/// ```
///
/// The folder of the file that contains it is the first on `sys.path`. With it the output of a test is captured also
/// where other tests run at the same time.
#[doc(hidden)]
#[macro_export]
macro_rules! __testing_main {
    ($($part:tt)*) => {
        $crate::__testing_main_parts!($($part)* ,);
    };
}

/// Takes the parts of `main!` with a comma behind each, and one more where the user has written the last.
#[doc(hidden)]
#[macro_export]
macro_rules! __testing_main_parts {
    (
        $(modules = [$($($module:ident)::+),* $(,)?],)?
        $(setup = $setup:expr,)?
        $(teardown = $teardown:expr,)?
        $(,)?
    ) => {
        $crate::testing::__private::libtest_async::capture!();

        fn main() -> ::std::process::ExitCode {
            fn add_modules() {
                $($({
                    use $($module)::+ as module;
                    $crate::testing::__private::pyo3::append_to_inittab!(module);
                })*)?
            }
            let place = $crate::testing::__private::Place {
                file: ::core::file!(),
                manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
            };
            let hooks = $crate::testing::__private::Hooks::new(add_modules);
            $(let hooks = hooks.with_setup($setup);)?
            $(let hooks = hooks.with_teardown($teardown);)?
            $crate::testing::__private::run_registered(place, hooks)
        }
    };
}
