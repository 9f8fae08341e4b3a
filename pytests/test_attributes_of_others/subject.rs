//! The tests that the others look at from outside, a module for each crate.

use std::process::ExitCode;

mod gtest;
mod insta;
mod one_thread;
mod proptest;
mod rstest;
mod serial_test;
mod test_case;
mod test_log;
mod tracing_test;

/// Runs the tests of these modules, as a test binary does.
pub(crate) fn run() -> ExitCode {
    main()
}

pyo3_aio::testing::main!();

#[test]
fn is_left_out_by_the_compiler() {}
