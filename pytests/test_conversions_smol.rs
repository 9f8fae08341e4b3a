//! The conversions on `pyo3_aio::smol`.

mod conversions;
mod python;

conversion_tests!(smol);

pyo3_aio::testing::main!();
