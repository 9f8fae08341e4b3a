//! Conversions and streams on `pyo3_aio::async_std`.

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

use pyo3_aio::async_std as runtime;
use waiting_threads::may_wait;

/// The number of the runtime's threads.
fn threads() -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    waiting_threads::count("ASYNC_STD_THREAD_COUNT", cores)
}

pyo3_aio::testing::main!();
