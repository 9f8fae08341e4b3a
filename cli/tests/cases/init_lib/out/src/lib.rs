use pyo3::prelude::*;

/// Mine.
#[pymodule]
pub mod demo {}

#[cfg(test)]
pyo3_aio::testing::main!(modules = [demo]);
