//! The traits that a runtime implements, and what the modules of the runtimes share.

#[cfg(any(
    feature = "tokio-runtime",
    feature = "async-std-runtime",
    feature = "smol-runtime"
))]
pub(crate) mod errors;
#[cfg(feature = "tokio-runtime")]
pub(crate) mod init_error;
#[cfg(any(
    feature = "tokio-runtime",
    feature = "async-std-runtime",
    feature = "smol-runtime"
))]
pub(crate) mod macros;
#[cfg(any(feature = "async-std-runtime", feature = "smol-runtime"))]
pub(crate) mod reactor_process;
pub(crate) mod traits;

pub(crate) use traits::Pointers;
pub use traits::{ContextExt, JoinError, LocalContextExt, Runtime, SpawnLocalExt};
