//! The async runtimes, as far as tests need them.

pub(super) mod block_on;
pub(super) mod test_runtime;
#[cfg(feature = "tokio-runtime")]
mod tokio_runtime;
pub(super) mod tokio_settings;
