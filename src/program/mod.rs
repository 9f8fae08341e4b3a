//! Programs whose main function is Rust: what runs an event loop, and what waits for a future.

pub(crate) mod block_on;
#[cfg(feature = "attributes")]
#[cfg_attr(
    feature = "testing",
    expect(unreachable_pub, reason = "`testing::entry` is exported in its place")
)]
pub mod entry;
pub(crate) mod run;
pub(crate) mod run_forever;
pub(crate) mod waiting;
