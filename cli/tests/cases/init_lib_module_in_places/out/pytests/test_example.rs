//! Tests in which Rust awaits Python and Python awaits Rust, run by `cargo test`.

use std::time::Duration;

use pyo3::prelude::*;

/// Rust awaits a Python coroutine.
#[pyo3_aio::tokio::test]
async fn test_async_sleep() -> PyResult<()> {
    let sleep = Python::attach(|py| {
        let coroutine = py.import("asyncio")?.call_method1("sleep", (1,))?;
        pyo3_aio::tokio::into_future(coroutine)
    })?;
    sleep.await?;
    Ok(())
}

/// A Python coroutine, `asyncio.wait_for`, awaits a Rust future.
#[pyo3_aio::tokio::test]
async fn test_python_awaits_rust() -> PyResult<()> {
    let answer = Python::attach(|py| {
        let rust = pyo3_aio::tokio::future_into_py(py, async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(42)
        })?;
        let coroutine = py.import("asyncio")?.call_method1("wait_for", (rust, 60))?;
        pyo3_aio::tokio::into_future(coroutine)
    })?;
    let answer = answer.await?;
    assert_eq!(Python::attach(|py| answer.extract::<u32>(py))?, 42);
    Ok(())
}

/// A test that is not async may block: it runs on a thread of its own.
#[pyo3_aio::tokio::test]
fn test_sync_sleep() {
    std::thread::sleep(Duration::from_secs(1));
}

/// Python imports the `#[pymodule]` of this crate without an installed package.
#[pyo3_aio::tokio::test]
fn test_import_demo() -> PyResult<()> {
    Python::attach(|py| {
        py.import("demo")?;
        Ok(())
    })
}

pyo3_aio::testing::main!(modules = [demo::demo]);
