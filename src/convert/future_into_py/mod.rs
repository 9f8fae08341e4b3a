//! The Python future that a Rust future settles.
//!
//! It is no instance of `asyncio.Future`, and a future all the same: asyncio asks for `_asyncio_future_blocking` on the class
//! (`asyncio.isfuture`) and then calls methods.
//!
//! | module | contents |
//! | --- | --- |
//! | [`future`] | the class [`RustFuture`], its creation and its settlement |
//! | [`state`] | pending, done, failed, cancelled |
//! | [`iterator`] | the iterator of an `await` |
//! | [`callbacks`] | calling the functions that wait for it |
//! | [`methods`] | the methods of `asyncio.Future` |
//! | [`unretrieved`] | "Future exception was never retrieved" |
//!
//! Guarantees:
//! - Callbacks run in the order of their registration, each in its own context: at once when the hub's drain settles the
//!   future, and in the loop's next turn when code of a running task does, within which no other task may be stepped.
//! - No Python code runs, and no Python object is dropped, while the state is locked.

mod callbacks;
mod future;
mod iterator;
mod methods;
mod state;
mod unretrieved;

pub(crate) use future::{CancelPolicy, RustFuture, spawn_future};
