use pyo3::prelude::*;

#[pymodule]
pub mod core {}
