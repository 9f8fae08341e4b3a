//! The Python future that a Rust future settles.
//!
//! It is a future to all of asyncio without being an `asyncio.Future`: asyncio asks for `_asyncio_future_blocking` on
//! the class (`asyncio.isfuture`) and then uses the methods below. Guarantees:
//! - Callbacks run in the order of their registration, each in its own context: directly from the loop's drain, and in
//!   the loop's next turn when the future is settled from within somebody's step (`cancel()`, `set_result()`), where a
//!   task must not be entered.
//! - No Python code runs, and no Python object is dropped, while the state is locked.

mod callbacks;
mod future;
mod methods;
mod state;
mod unretrieved;

pub(crate) use future::{CancelPolicy, RustFuture, spawn_future};
