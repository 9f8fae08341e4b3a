use pyo3::prelude::*;

#[pyo3_async_runtimes::tokio::test]
async fn works() -> PyResult<()> {
    Ok(())
}

#[pyo3_async_runtimes::tokio::main]
async fn main() -> PyResult<()> {
    pyo3_async_runtimes::testing::main().await
}
