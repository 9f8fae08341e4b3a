//! Tests in which Rust awaits Python and Python awaits Rust, run by `cargo test`.

use std::time::Duration;

use python::prelude::*;

/// Rust awaits a Python coroutine.
#[pyo3_async_runtimes::async_std::test]
async fn test_async_sleep() -> PyResult<()> {
    let sleep = Python::attach(|py| {
        let coroutine = py.import("asyncio")?.call_method1("sleep", (1,))?;
        pyo3_async_runtimes::async_std::into_future(coroutine)
    })?;
    sleep.await?;
    Ok(())
}

/// A Python coroutine, `asyncio.wait_for`, awaits a Rust future.
#[pyo3_async_runtimes::async_std::test]
async fn test_python_awaits_rust() -> PyResult<()> {
    let answer = Python::attach(|py| {
        let rust = pyo3_async_runtimes::async_std::future_into_py(py, async {
            async_std::task::sleep(Duration::from_millis(10)).await;
            Ok(42)
        })?;
        let coroutine = py.import("asyncio")?.call_method1("wait_for", (rust, 60))?;
        pyo3_async_runtimes::async_std::into_future(coroutine)
    })?;
    let answer = answer.await?;
    assert_eq!(Python::attach(|py| answer.extract::<u32>(py))?, 42);
    Ok(())
}

/// A test that is not async may block: it runs on a thread of its own.
#[pyo3_async_runtimes::async_std::test]
fn test_sync_sleep() {
    std::thread::sleep(Duration::from_secs(1));
}

// With `modules` the tests can import a `#[pymodule]` of this crate:
// `pyo3_async_runtimes::testing::main!(modules = [demo::my_module]);`
pyo3_async_runtimes::testing::main!();
