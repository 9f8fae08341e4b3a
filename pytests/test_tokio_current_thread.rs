//! Conversions, streams and waits on `pyo3_aio::tokio` with one thread beside Python's.
//!
//! It is a binary of its own since a process has one runtime, and `main` has to choose its flavor.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod conversions;
mod fixtures;
mod one_thread;
mod streams;
mod waiting;

use pyo3::prelude::*;
use pyo3_aio::tokio as runtime;

/// The only thread of the runtime has nobody to wait for.
fn may_wait() -> waiting::MayWait {
    waiting::MayWait {
        for_the_library: false,
        for_python: false,
    }
}

#[pyo3_aio::tokio::main(flavor = "current_thread")]
async fn main() -> PyResult<()> {
    pyo3_aio::testing::main().await
}
