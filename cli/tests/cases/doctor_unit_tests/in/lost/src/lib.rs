//! One of its tests vanishes.

mod part;

#[cfg(test)]
pyo3_aio::testing::main!();
