//! Python awaitables as Rust futures: [`PyFuture`] is the future, and [`shared`] what it and its loop's thread have in
//! common; [`task`] makes an awaitable a task there, whose end the [`callback`] tells.

mod callback;
mod future;
mod on_loop;
mod shared;
mod task;

pub use future::{PyFuture, into_future, into_future_with_locals};
pub(crate) use task::{ensure_future, silence};
