//! The form of pyo3-async-runtimes: an own `main` that awaits the harness.

use pyo3::prelude::*;

#[pyo3_aio::tokio::test]
async fn runs_beside_the_loop_of_main() -> PyResult<()> {
    let sleep = Python::attach(|py| {
        let asyncio = py.import("asyncio")?;
        pyo3_aio::tokio::into_future(asyncio.call_method1("sleep", (0.001,))?)
    })?;
    sleep.await?;
    Ok(())
}

#[pyo3_aio::async_std::test]
fn imports_from_the_folder_of_the_file() -> PyResult<()> {
    Python::attach(|py| {
        let path: Vec<String> = py.import("sys")?.getattr("path")?.extract()?;
        assert!(path[0].ends_with("pytests"), "{path:?}");
        Ok(())
    })
}

#[pyo3_aio::tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> PyResult<()> {
    pyo3_aio::testing::main().await
}
