//! One test: how it is registered, its settings, its work on a thread of its own, and its outcome.

mod builder;
mod execution;
mod expected_exception;
pub(super) mod failure;
pub(super) mod fixtures;
pub(super) mod generator;
pub(super) mod registration;
pub(super) mod settings;
pub(super) mod skip;
mod stacks;
mod stream_guard;
#[expect(clippy::module_inception, reason = "the folder is about this one")]
pub(super) mod test;
pub(super) mod test_output;
pub(super) mod without_await;
