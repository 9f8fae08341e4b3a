//! Conversions and streams on `pyo3_aio::tokio`, and what does not depend on the runtime.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod bridge;
mod conversions;
mod drops;
mod joins;
mod panic_place;
mod python;
mod streams;
mod unconvertible;

use pyo3_aio::tokio as runtime;

pyo3_aio::testing::main!();
