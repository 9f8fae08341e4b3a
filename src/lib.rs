//! Conversions between Python awaitables and Rust futures, and tests for them that run under `cargo test`.

mod asyncio;
mod awaitable;
mod bridge;
#[cfg(any(feature = "async-std-runtime", feature = "smol-runtime"))]
mod caught;
mod coroutine;
#[cfg(feature = "attributes")]
#[doc(hidden)]
pub mod entry;
pub mod err;
#[cfg(any(
    feature = "tokio-runtime",
    feature = "async-std-runtime",
    feature = "smol-runtime"
))]
mod facade;
mod forever;
pub mod generic;
#[cfg(feature = "tokio-runtime")]
mod init_error;
mod locals;
mod pyfuture;

#[cfg(feature = "async-std-runtime")]
pub mod async_std;
#[cfg(feature = "smol-runtime")]
pub mod smol;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tokio-runtime")]
pub mod tokio;

pub use crate::asyncio::get_running_loop;
pub use crate::bridge::shutdown;
pub use crate::forever::{run_forever, with_runtime};
pub use crate::locals::TaskLocals;
pub use crate::pyfuture::{PyFuture, into_future, into_future_with_locals};

// The attributes expand to this path, also in this crate's own tests.
#[expect(unused_extern_crates, reason = "only the expansions use it")]
extern crate self as pyo3_aio;
