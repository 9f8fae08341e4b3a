//! A crate.

use pyo3::prelude::*;

/// For Python.
#[pymodule]
#[doc(hidden)]
pub fn demo(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}

#[cfg(test)]
pyo3_aio::testing::main!(modules = [demo]);
