use pyo3::prelude::*;

#[pymodule]
mod demo {}
