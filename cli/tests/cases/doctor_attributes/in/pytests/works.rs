//! Each of these runs.

use pyo3_aio::smol as runtime;
use pyo3_aio::tokio::test as ptest;
use runtime::test as smol_test;

#[ptest]
fn renamed() {}

#[runtime::test]
async fn module_renamed() {}

#[smol_test]
async fn renamed_twice() {}

#[cfg_attr(unix, pyo3_aio::tokio::test)]
async fn on_condition() {}

#[test_log::test(pyo3_aio::tokio::test)]
async fn wrapped() {}

#[test_log::test(ptest(timeout = "5s"))]
async fn wrapped_and_renamed() {}

#[test_log::test]
#[pyo3_aio::tokio::test]
async fn below_test_log() {}

#[pyo3_aio::tokio::test]
#[test_log::test]
async fn above_test_log() {}

#[rstest]
#[test_attr(pyo3_aio::tokio::test)]
async fn named_to_rstest(#[values(1, 2)] number: u8) {}

#[rstest]
#[case(1)]
#[pyo3_aio::tokio::test]
fn cases_of_rstest(#[case] number: u8) {}

#[gtest]
#[pyo3_aio::tokio::test]
fn assertions_of_googletest() {}

#[test_case(1)]
#[pyo3_aio::tokio::test]
async fn cases_of_an_async_function(number: u8) {}

#[pyo3_aio::tokio::test]
#[test_case(1)]
fn cases_of_a_sync_function(number: u8) {}

proptest! {
    #[pyo3_aio::tokio::test]
    fn property(number in 0..3) {}
}

// #[test]
const NO_TEST: &str = "#[test] fn t() {}";

pyo3_aio::testing::main!();
