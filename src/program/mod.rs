//! Programs whose main function is Rust: what runs an event loop, and what waits for a future.

pub(crate) mod block_on;
#[cfg(feature = "attributes")]
pub mod entry;
pub(crate) mod run;
pub(crate) mod run_forever;
pub(crate) mod waiting;
