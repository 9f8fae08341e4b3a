//! Streams on `pyo3_aio::tokio`.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod drops;
mod joins;
mod python;
mod streams;

use pyo3_aio::tokio as runtime;

pyo3_aio::testing::main!();
