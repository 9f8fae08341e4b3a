//! Conversions and streams on `pyo3_aio::smol`.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod conversions;
mod fixtures;
mod panic_place;
mod streams;
mod waiting;
mod waiting_threads;

use pyo3_aio::smol as runtime;
use waiting_threads::may_wait;

/// The number of the runtime's threads.
fn threads() -> usize {
    waiting_threads::count("SMOL_THREADS", 1)
}

pyo3_aio::testing::main!();
