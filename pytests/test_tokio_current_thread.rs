//! Conversions and streams on `pyo3_aio::tokio` with one thread beside Python's.
//!
//! It is a binary of its own since a process has one runtime, and `main` has to choose its flavor.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod conversions;
mod drops;
mod joins;
mod one_thread;
mod python;
mod streams;
mod unconvertible;

use pyo3::prelude::*;
use pyo3_aio::tokio as runtime;

#[pyo3_aio::tokio::main(flavor = "current_thread")]
async fn main() -> PyResult<()> {
    pyo3_aio::testing::main().await
}
