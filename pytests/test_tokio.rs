//! Conversions, streams and waits on `pyo3_aio::tokio`, and `bridge`, which does not depend on the runtime.
//!
//! The modules use `crate::runtime`; so each runtime has a binary.

#![expect(
    clippy::unwrap_used,
    reason = "a test panics where something unexpected happens"
)]

mod bridge;
mod conversions;
mod fixtures;
mod streams;
mod waiting;
mod waiting_on_tokio;

use pyo3_aio::tokio as runtime;

/// tokio replaces a thread that waits, if the library asks it to; Python does not.
fn may_wait() -> waiting::MayWait {
    waiting::MayWait {
        for_the_library: true,
        for_python: false,
    }
}

pyo3_aio::testing::main!();
