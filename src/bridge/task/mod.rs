//! A Rust future that runs on a runtime and settles something on an event loop.

pub(crate) mod erased;
pub(crate) mod failure;
pub(crate) mod future;
pub(crate) mod registration;
pub(crate) mod spawned;
pub(crate) mod state;
#[expect(clippy::module_inception, reason = "the folder is about this one")]
pub(crate) mod task;
pub(crate) mod unstarted;
