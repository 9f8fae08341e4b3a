//! CPython's own tests of asyncio, with futures of Rust in place of asyncio's.

use std::time::Duration;

use crate::programs::run_within;
use crate::python::require;

#[pyo3_aio::tokio::test(timeout = "10m")]
fn the_tests_of_cpython_take_a_future_for_one_of_asyncio() {
    // Some distributions have these tests in a package of their own.
    require("test.test_asyncio");
    let (status, stderr) = run_within(
        Duration::from_secs(300),
        &["-c", include_str!("cpython.py")],
    );
    assert!(status.success(), "{status}\n{stderr}");
}
