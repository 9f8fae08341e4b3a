//! A crate.
#![deny(missing_docs)]

use pyo3::prelude::*;

#[pymodule]
mod demo {
    use pyo3::prelude::*;

    #[pyfunction]
    pub fn answer() -> u8 {
        42
    }
}
