use pyo3::prelude::*;

/// Mine.
#[pymodule]
pub mod demo {}
