//! The macro that is a test binary's main function.

/// Expands to the `main` function of a test binary, which runs the tests that the attributes have registered.
///
/// `modules` are `#[pymodule]`s of the crate that the tests are to import without anything being installed; they have
/// to be public, and the crate's `crate-type` has to contain `"rlib"`:
///
/// ```ignore
/// pyo3_aio::testing::main!(modules = [my_crate::my_module]);
/// ```
///
/// The folder of the file that contains it is the first on `sys.path`. With it the output of a test is captured also
/// where other tests run at the same time.
#[doc(hidden)]
#[macro_export]
macro_rules! __testing_main {
    () => {
        $crate::testing::main!(modules = []);
    };
    (modules = [$($($module:ident)::+),* $(,)?] $(,)?) => {
        $crate::testing::__private::libtest_async::capture!();

        fn main() -> ::std::process::ExitCode {
            fn add_modules() {
                $({
                    use $($module)::+ as module;
                    $crate::testing::__private::pyo3::append_to_inittab!(module);
                })*
            }
            let place = $crate::testing::__private::Place {
                file: ::core::file!(),
                manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
            };
            $crate::testing::__private::run_registered(place, add_modules)
        }
    };
}
