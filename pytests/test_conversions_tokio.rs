//! The conversions on `pyo3_aio::tokio`.

mod conversions;
mod python;

conversion_tests!(tokio);

pyo3_aio::testing::main!();
