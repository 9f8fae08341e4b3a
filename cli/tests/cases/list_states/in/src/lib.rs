use pyo3::prelude::*;

/// Mine.
#[pymodule]
mod demo {}
