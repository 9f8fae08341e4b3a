//! A crate.

pub mod python;

#[cfg(test)]
pyo3_aio::testing::main!(modules = [python::core]);
