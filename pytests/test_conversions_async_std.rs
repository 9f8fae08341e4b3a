//! The conversions on `pyo3_aio::async_std`.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

#[macro_use]
mod conversions;
mod drops;
mod python;
mod unconvertible;

conversion_tests!(async_std);

pyo3_aio::testing::main!();
