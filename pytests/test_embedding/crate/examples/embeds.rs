//! A program that starts Python.

use pyo3::prelude::*;

#[pyo3_aio::tokio::main]
async fn main() -> PyResult<()> {
    let version = Python::attach(|py| py.import("sys")?.getattr("version")?.extract::<String>())?;
    println!("version={}", version.split(' ').next().unwrap_or_default());
    Ok(())
}
