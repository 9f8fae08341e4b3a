//! The conversions for any runtime, and the traits that a runtime implements.
//!
//! An `impl Runtime` that was written for pyo3-async-runtimes compiles unchanged. The modules of the runtimes that
//! come with this library ([`tokio`](crate::tokio), [`async_std`](crate::async_std), [`smol`](crate::smol)) have the
//! same functions without the type parameter.

#[cfg(feature = "attributes")]
mod async_body;
#[cfg(feature = "attributes")]
mod async_call;
mod async_with;
mod calls;
mod conversions;
mod coroutine_builder;
mod local_futures;
#[cfg(feature = "attributes")]
mod output_type;
mod streams;
mod task_group;

#[cfg(feature = "attributes")]
pub use async_call::{AsyncCall, BlockingCall, FutureCall};
pub use async_with::async_with;
pub use calls::{call, call_method, run_on_loop};
pub use conversions::{
    future_into_py, future_into_py_cancellable, future_into_py_with_locals, get_current_locals,
    get_current_loop, into_coroutine, into_coroutine_cancellable, into_future,
};
pub use coroutine_builder::CoroutineBuilder;
pub use streams::{
    into_stream, into_stream_v1, into_stream_v2, into_stream_with_locals_v1,
    into_stream_with_locals_v2, stream_into_py,
};

// The attributes expand to PyO3's, by this path.
#[cfg(feature = "attributes")]
#[doc(hidden)]
pub use async_call::{AnextOutput, Shares, frozen, qualified_name};
#[cfg(feature = "attributes")]
#[doc(hidden)]
pub use output_type::OutputType;
#[cfg(feature = "attributes")]
#[doc(hidden)]
pub use pyo3::{Py, pyfunction, pymethods};

pub use task_group::{TaskGroup, task_group};

pub use crate::convert::into_stream::into_stream_with_locals;
pub use crate::panic::CaughtPanic;
pub use crate::program::block_on::{block_on, block_on_background};
pub use crate::program::run::{run, run_until_complete, scope, spawn, spawn_blocking};
pub use crate::runtime::{ContextExt, JoinError, LocalContextExt, Runtime, SpawnLocalExt};

#[expect(deprecated, reason = "they are deprecated for the user")]
pub use local_futures::{local_future_into_py, local_future_into_py_with_locals};
