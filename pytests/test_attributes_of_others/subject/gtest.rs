//! googletest: assertions that fail a test and let it go on.

use googletest::prelude::*;

#[gtest]
#[pyo3_aio::tokio::test]
async fn passes() {
    expect_that!(1, eq(1));
}

#[gtest]
#[pyo3_aio::tokio::test]
fn passes_synchronously() -> Result<()> {
    verify_that!(1, eq(1))
}

#[gtest]
#[pyo3_aio::tokio::test]
async fn fails() {
    expect_that!(1, eq(2));
    expect_that!(3, eq(4));
}

#[pyo3_aio::smol::test]
#[gtest]
fn fails_synchronously() -> Result<()> {
    expect_that!(1, eq(2));
    verify_that!(3, eq(4))
}

#[pyo3_aio::tokio::test]
#[googletest::test]
async fn fails_below_it() -> Result<()> {
    verify_that!(1, eq(2))
}

#[googletest::test]
#[pyo3_aio::tokio::test]
#[should_panic]
async fn passes_by_failing() {
    expect_that!(1, eq(2));
}
