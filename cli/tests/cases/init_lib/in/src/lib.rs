use pyo3::prelude::*;

/// Mine.
#[pymodule]
#[pyo3(name = "_demo")]
mod demo {}
