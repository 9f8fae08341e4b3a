//! A crate.

use pyo3::prelude::*;

#[pymodule]
pub mod demo {}

#[pymodule]
pub mod more {}

#[cfg(test)]
pyo3_aio::testing::main!(modules = [demo, more]);
