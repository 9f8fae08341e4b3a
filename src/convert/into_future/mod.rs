//! Python awaitables as Rust futures: [`PyFuture`] is the future, and [`shared_future`] what it and its loop's thread have in
//! common; [`task`] makes an awaitable a task there, whose end the [`done_callback`] tells.

mod delivery;
mod done_callback;
mod future;
mod shared_future;
mod task;

pub use future::{PyFuture, into_future, into_future_with_locals};
pub(crate) use task::{discard_pending_task, ensure_future};
