//! The conversions on `pyo3_aio::smol`.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

#[macro_use]
mod conversions;
mod drops;
mod python;
mod unconvertible;

conversion_tests!(smol);

pyo3_aio::testing::main!();
