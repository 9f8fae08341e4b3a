//! Tests of asynchronous Python and Rust, run by `cargo test`.

use pyo3::prelude::*;

#[pyo3_aio::tokio::test]
async fn with_dash_works() -> PyResult<()> {
    let nothing = Python::attach(|py| {
        let coroutine = py.import("asyncio")?.call_method1("sleep", (0,))?;
        pyo3_aio::tokio::into_future(coroutine)
    })?;
    let nothing = nothing.await?;
    assert!(Python::attach(|py| nothing.is_none(py)));
    Ok(())
}

// With `modules` the tests can import a `#[pymodule]` of this crate:
// `pyo3_aio::testing::main!(modules = [demo::my_module]);`
pyo3_aio::testing::main!();
