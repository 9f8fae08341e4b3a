//! The conversions on `pyo3_aio::async_std`.

mod conversions;
mod python;

conversion_tests!(async_std);

pyo3_aio::testing::main!();
