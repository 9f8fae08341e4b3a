//! State that the tests of one run share: the event loops, the tests under way, and the values of `Shared`, `PerModule` and `PerTest`.

pub(super) mod per_module;
pub(super) mod per_test;
pub(super) mod running_tests;
#[expect(clippy::module_inception, reason = "the folder is about this one")]
pub(super) mod session;
pub(super) mod shared;
