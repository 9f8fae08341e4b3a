//! None of these runs.

use pyo3_aio::smol;
use tokio::test as tokio_test;

#[test]
fn plain() {}

#[tokio::test]
async fn of_tokio() {}

#[tokio_test]
async fn of_tokio_renamed() {}

#[test_log::test]
fn of_test_log() {}

#[test_log::test(tokio::test)]
async fn of_test_log_and_tokio() {}

#[rstest]
#[case(1)]
fn of_rstest(#[case] number: u8) {}

#[rstest]
#[test_attr(tokio::test)]
async fn named_to_rstest() {}

#[gtest]
fn of_googletest() {}

#[test_case(1)]
fn of_test_case(number: u8) {}

#[test_case(1)]
#[pyo3_aio::tokio::test]
fn below_test_case(number: u8) {}

proptest! {
    #[test]
    fn property(number in 0..3) {}
}

#[smol::test]
async fn runs() {}

pyo3_aio::testing::main!();
