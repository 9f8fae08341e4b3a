//! What a runtime implements, and what the modules of the runtimes share.

#[cfg(feature = "tokio-runtime")]
pub(crate) mod init_error;
#[cfg(any(
    feature = "tokio-runtime",
    feature = "async-std-runtime",
    feature = "smol-runtime"
))]
pub(crate) mod left_behind;
#[cfg(any(
    feature = "tokio-runtime",
    feature = "async-std-runtime",
    feature = "smol-runtime"
))]
pub(crate) mod macros;
#[cfg(any(
    feature = "tokio-runtime",
    feature = "async-std-runtime",
    feature = "smol-runtime"
))]
pub(crate) mod nested_loop;
pub(crate) mod traits;

pub(crate) use traits::Pointers;
pub use traits::{ContextExt, JoinError, LocalContextExt, Runtime, SpawnLocalExt};
