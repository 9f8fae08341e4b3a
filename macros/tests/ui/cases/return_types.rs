//! What a test returns is nothing, or a result without a value.

use pyo3::prelude::*;

struct NoDebug;

type Alias = u8;

#[pyo3_aio::tokio::test]
async fn number() -> u8 { //~ a test cannot return `u8`
    0
}

#[pyo3_aio::smol::test]
fn text() -> String { //~ a test cannot return `String`
    String::new()
}

#[pyo3_aio::async_std::test]
fn alias() -> Alias { //~ a test cannot return `u8`
    0
}

#[pyo3_aio::tokio::test]
async fn value() -> PyResult<u8> { //~ a test cannot return `Result<u8,
    Ok(0)
}

#[pyo3_aio::tokio::test]
async fn no_debug() -> Result<(), NoDebug> { //~ `NoDebug` doesn't implement `Debug`
    Err(NoDebug)
}

#[pyo3_aio::tokio::test]
fn reference() -> &'static str { //~ a test returns nothing, `PyResult<()>` or `Result<(), E>`
    ""
}

pyo3_aio::testing::main!();
