//! Conversions between Python awaitables and Rust futures, and tests for them that run under `cargo test`.
//!
//! | from | to | by |
//! | --- | --- | --- |
//! | a Rust future | a Python coroutine, which starts when it is awaited | `into_coroutine` |
//! | a Rust future | a Python future, which has started | `future_into_py` |
//! | a Python awaitable | a Rust future | [`into_future`] |
//! | a Rust stream | a Python asynchronous generator | `stream_into_py` |
//! | a Python asynchronous generator | a Rust stream | [`into_stream`] |
//!
//! These functions exist once for each runtime, in the modules that the features `tokio-runtime`, `async-std-runtime` and
//! `smol-runtime` switch on, and in [`generic`] for any other runtime; [`into_future`] and [`into_stream`] of the root
//! need none. `run`, `run_until_complete`, [`run_forever`] and [`with_runtime`] are for programs whose main function is
//! Rust. The feature `attributes` adds `#[main]`, and `testing` adds `#[test]` and a harness.
//!
//! # Calling Python from Rust
//!
//! | in Python | in Rust |
//! | --- | --- |
//! | `await function(1, key=2)` | `call(&function, (1,)).kwarg("key", 2).await?` |
//! | `await object.method(1)` | `call_method(&object, "method", (1,)).await?` |
//! | `async with manager as entered:` | `async_with(&manager, \|entered: Py<PyAny>\| async move { .. }).await?` |
//! | `async for item in items:` | the stream that [`into_stream`] returns |
//! | `async with asyncio.TaskGroup() as group:` | [`task_group`]`(\|group\| async move { .. }).await?` |
//! | `task.cancel("why")` | [`PyFuture::cancel_with_message`] |
//! | a call of code that is not async, on the loop's thread | `run_on_loop(\|py\| ..).await?` |
//! | `await asyncio.to_thread(function)` | `spawn_blocking(\|\| ..).await` |
//!
//! # How results travel
//!
//! A Rust thread never attaches to Python to deliver a result. It pushes the result to a queue of the event loop, and
//! wakes the loop through a file descriptor once per batch; the loop's thread converts the results, in the order of their
//! completion. For a loop that cannot watch a file descriptor one thread of this library does so. When the interpreter
//! exits, an `atexit` function of this library ends everything that is pending: see [`shutdown`].
//!
//! # Which loop
//!
//! A conversion belongs to the event loop of the task that makes it: a future that this library has started keeps the
//! loop and the context variables of the code that started it, as [`TaskLocals`]. A task that `spawn` starts inherits
//! them, and `scope` sets others. A conversion outside of such a task belongs to the loop that runs on its thread. Within
//! `block_on` on a thread without a loop, and within `block_on_background` on any, conversions use a loop in the background:
//! see [`background_loop`].

#![cfg_attr(docsrs, feature(doc_cfg))]

mod bridge;
mod cancel;
mod convert;
pub mod err;
pub mod generic;
mod instrument;
mod panic;
mod program;
mod python;
mod runtime;
mod task_locals;

#[cfg(feature = "async-std-runtime")]
pub mod async_std;
#[cfg(feature = "smol-runtime")]
pub mod smol;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "tokio-runtime")]
pub mod tokio;

pub use crate::bridge::shutdown;
pub use crate::cancel::CancelHandle;
pub use crate::convert::into_future::{PyCall, PyFuture, into_future, into_future_with_locals};
pub use crate::convert::into_stream::{PyItems, PyStream, into_stream, into_stream_with_locals};
pub use crate::generic::{TaskGroup, task_group};
pub use crate::program::background::background_loop;
#[cfg(all(feature = "attributes", not(feature = "testing")))]
#[doc(hidden)]
pub use crate::program::entry;
pub use crate::program::run_forever::{run_forever, with_runtime};
pub use crate::python::asyncio::get_running_loop;
pub use crate::task_locals::TaskLocals;
#[cfg(feature = "testing")]
#[doc(hidden)]
pub use crate::testing::entry;

// The attributes expand to this path, also in this crate's own tests.
#[expect(unused_extern_crates, reason = "only the expansions use it")]
extern crate self as pyo3_aio;

#[cfg(all(doctest, feature = "testing", feature = "tokio-runtime"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(
    doctest,
    feature = "testing",
    feature = "tokio-runtime",
    feature = "smol-runtime"
))]
#[doc = include_str!("../docs/tests.md")]
struct Tests;
