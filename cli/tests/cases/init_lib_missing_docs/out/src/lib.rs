//! A crate.
#![deny(missing_docs)]

use pyo3::prelude::*;

#[pymodule]
#[doc(hidden)]
pub mod demo {
    use pyo3::prelude::*;

    #[pyfunction]
    pub fn answer() -> u8 {
        42
    }
}

#[cfg(test)]
pyo3_aio::testing::main!(modules = [demo]);
