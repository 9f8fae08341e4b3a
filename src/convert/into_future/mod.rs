//! Python awaitables as Rust futures.
//!
//! | module | contents | thread |
//! | --- | --- | --- |
//! | [`future`] | [`PyFuture`], and the functions that make one | any |
//! | [`py_call`] | [`PyCall`], which calls a function of Python and awaits its result | any |
//! | [`shared_future`] | the state that the others share: stages and transitions | any |
//! | [`source`] | the awaitable, or the function that makes one | any |
//! | [`delivery`] | calling the function, making a task of the awaitable, and cancelling it | the loop's |
//! | [`task`] | asyncio's rules about tasks and awaitables | the loop's |
//! | [`done_callback`] | the end of the task | the loop's |

mod delivery;
mod done_callback;
mod future;
mod py_call;
mod shared_future;
mod source;
mod task;

pub(crate) use future::call_on_loop;
pub use future::{PyFuture, into_future, into_future_with_locals};
pub use py_call::PyCall;
pub(crate) use py_call::extract;
pub(crate) use task::{close_coroutine, discard_pending_task, ensure_future};
