//! The async runtimes, as far as tests need them.

pub(super) mod test_runtime;
#[cfg(feature = "tokio-runtime")]
mod tokio_runtime;
