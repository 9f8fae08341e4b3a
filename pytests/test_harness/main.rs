//! Tests under the harness: what the attributes take, what tests share, and what they find of Python.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod attributes;
#[cfg(unix)]
mod main_thread;
mod python_modules;
mod shared_values;

use pyo3::prelude::*;

async fn set_up() -> PyResult<()> {
    #[cfg(unix)]
    main_thread::set_up().await?;
    python_modules::set_up().await?;
    shared_values::set_up().await
}

async fn tear_down() -> PyResult<()> {
    python_modules::tear_down().await?;
    shared_values::tear_down().await
}

pyo3_aio::testing::main!(
    modules = [crate::python_modules::pyo3_aio_example],
    setup = set_up,
    teardown = tear_down,
);
