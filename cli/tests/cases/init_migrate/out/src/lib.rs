//! Uses my_pyo3_async_runtimes and pyo3_aio.
use pyo3::prelude::*;
use pyo3_aio::tokio as aio;

#[pymodule]
mod demo {}
