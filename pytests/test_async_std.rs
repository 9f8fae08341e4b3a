//! Conversions, streams and waits on `pyo3_aio::async_std`.
//!
//! The modules use `crate::runtime`; so each runtime has a binary.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod conversions;
mod fixtures;
mod streams;
mod waiting;

use pyo3_aio::async_std as runtime;

/// The runtime does not replace a thread that waits.
fn may_wait() -> waiting::MayWait {
    waiting::MayWait {
        for_the_library: false,
        for_python: false,
    }
}

pyo3_aio::testing::main!();
