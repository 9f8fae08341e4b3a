//! A crate.

use pyo3::prelude::*;

/// For Python.
#[pymodule]
fn demo(_module: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use pyo3::prelude::*;

    #[test]
    fn calls_python() {
        Python::initialize();
        Python::attach(|py| assert!(py.import("sys").is_ok()));
    }
}

// Links the unit tests with Python: pyo3 does not, with its feature `extension-module`.
#[cfg(test)]
use pyo3_aio as _;
