//! The functions and implementations that every runtime module has, written and documented once.

mod context;
mod functions;
#[cfg(any(feature = "tokio-runtime", feature = "async-std-runtime"))]
mod local;

pub(crate) use context::runtime_context;
pub(crate) use functions::runtime_functions;
#[cfg(any(feature = "tokio-runtime", feature = "async-std-runtime"))]
pub(crate) use local::local_functions;
