//! Uses my_pyo3_async_runtimes and pyo3_async_runtimes.
use pyo3::prelude::*;
use pyo3_async_runtimes::tokio as aio;

#[pymodule]
mod demo {}
