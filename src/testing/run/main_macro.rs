//! The macro that is a test binary's main function.

/// Expands to the `main` function of a test binary, which runs the tests that the attributes have registered.
///
/// `modules` are `#[pymodule]`s of the crate that the tests are to import without anything being installed. A test
/// target can name them if they are public and the crate's `crate-type` contains `"rlib"`; the library's own tests can
/// in any case.
///
/// `setup` and `teardown` are async functions, or closures that return a future, without arguments, with the return types
/// of tests: `async fn() -> PyResult<()>`. They run beside the event loop that the tests run beside (`get_current_loop`,
/// `into_future`), in the context of the library's own runtime (`tokio::spawn`, a connection pool: resources that they open
/// there live as long as the process), and need not be `Send`. Each is called once in a process that runs tests: with
/// `--isolate` in each worker, and not for `--list`, an empty selection or ignored tests only.
///
/// If `setup` fails or panics then its error is printed, no test runs, and the exit code is 101. Ctrl-C drops its future.
/// `teardown` is called when the run is over and the values of [`Shared`](crate::testing::Shared) are closed, whatever the
/// tests did. Async tests that run on then, because of Ctrl-C or `--fail-fast`, are dropped before. Where Ctrl-C has come,
/// also during `teardown`, or a test runs on that cannot be dropped, the process ends within five seconds; another Ctrl-C
/// ends `teardown` at once. If it fails or panics then that is printed, and the exit code is 101. If a test blocks the event
/// loop, there is no tear-down, and the exit code is 101, too. The output of both is not captured.
///
/// ```no_run
/// use pyo3::prelude::*;
///
/// async fn create_schema() -> PyResult<()> {
///     let answer = Python::attach(|py| {
///         let database = py.import("database")?;
///         pyo3_aio::into_future(database.call_method0("create_schema")?)
///     })?;
///     answer.await.map(drop)
/// }
///
/// async fn drop_schema() -> PyResult<()> {
///     Ok(())
/// }
///
/// pyo3_aio::testing::main!(modules = [], setup = create_schema, teardown = drop_schema);
/// ```
///
/// All three may be left out, and come in this order.
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
            let main_file = $crate::testing::__private::SourceFile {
                file: ::core::file!(),
                manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
            };
            let hooks = $crate::testing::__private::Hooks::new(add_modules);
            $(let hooks = hooks.with_setup($setup);)?
            $(let hooks = hooks.with_teardown($teardown);)?
            $crate::testing::__private::run_registered(main_file, hooks)
        }
    };
}
