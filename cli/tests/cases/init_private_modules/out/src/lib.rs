use pyo3::prelude::*;

#[pymodule]
#[pyo3(name = "_core")]
pub fn core(_m: &Bound<'_, PyModule>) -> PyResult<()> {
    Ok(())
}

#[pymodule]
pub mod public {}

#[pymodule]
mod other {}

#[cfg(test)]
pyo3_aio::testing::main!(modules = [core, public, other]);
