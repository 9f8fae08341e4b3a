//! Programs whose main function is Rust: they run an event loop, or wait for a future.
//!
//! | module | for |
//! | --- | --- |
//! | [`run`] | `run` and `run_until_complete`, and `spawn` and `scope` beside them |
//! | [`run_forever`] | an event loop that runs until it is stopped |
//! | [`block_on`] | a wait for a Rust future on a thread of Python's |
//! | [`background`] | the event loop for such a future, on a thread of its own |
//! | [`waiting`] | the runtime's permission to wait, for `run` and `block_on` |
//! | `entry` | the attribute `main` |

pub(crate) mod background;
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
