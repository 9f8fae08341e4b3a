//! A crate.

use pyo3::prelude::*;

/// For Python.
#[pymodule]
fn demo(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}
