//! A crate.

#[cfg(test)]
pyo3_aio::testing::main!(setup = async || Ok(()));
