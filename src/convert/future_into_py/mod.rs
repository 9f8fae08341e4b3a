//! The Python future that a Rust future settles.
//!
//! Python code takes it for an `asyncio.Future`: `isinstance` asks for its `__class__`. Its C structure is another one, and
//! the C code of `_asyncio` does not take it for its own: `Future_Check` and `Future_CheckExact`
//! (`Modules/_asynciomodule.c`, Python 3.9 to 3.13) ask for `Py_TYPE`, and futures of other types are used by attributes.
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
//!   future, and in the loop's next iteration when code of a running task does, within which no other task may be stepped.
//! - No Python code runs, and no Python object is dropped, while the state is locked.

mod callbacks;
mod future;
mod iterator;
mod methods;
mod state;
mod unretrieved;

pub(crate) use future::{CancelPolicy, RustFuture, spawn_future, suspend_for_ever};
