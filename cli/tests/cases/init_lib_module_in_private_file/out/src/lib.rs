//! A crate.

mod bindings;

#[cfg(test)]
pyo3_aio::testing::main!();
