use pyo3::prelude::*;

/// Mine.
#[pymodule]
#[pyo3(name = "_demo")]
pub mod demo {}

#[cfg(test)]
pyo3_aio::testing::main!(modules = [demo]);
