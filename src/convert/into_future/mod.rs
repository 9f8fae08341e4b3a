//! Python awaitables as Rust futures.
//!
//! | module | contents | thread |
//! | --- | --- | --- |
//! | [`future`] | [`PyFuture`], and the functions that make one | any |
//! | [`shared_future`] | the state that the others share: stages and transitions | any |
//! | [`delivery`] | making a task of the awaitable, and cancelling it | the loop's |
//! | [`task`] | asyncio's rules about tasks and awaitables | the loop's |
//! | [`done_callback`] | the end of the task | the loop's |

mod delivery;
mod done_callback;
mod future;
mod shared_future;
mod task;

pub use future::{PyFuture, into_future, into_future_with_locals};
pub(crate) use task::{close_coroutine, discard_pending_task, ensure_future};
