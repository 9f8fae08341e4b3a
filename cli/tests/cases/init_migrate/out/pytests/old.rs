use pyo3::prelude::*;

#[pyo3_aio::tokio::test]
async fn works() -> PyResult<()> {
    Ok(())
}

#[pyo3_aio::tokio::main]
async fn main() -> PyResult<()> {
    pyo3_aio::testing::main().await
}
