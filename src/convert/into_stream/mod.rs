//! Python's asynchronous generators as Rust streams.
//!
//! | module | contents | thread |
//! | --- | --- | --- |
//! | [`pystream`] | [`PyStream`], and the functions that make one | any |
//! | [`shared_stream`] | the state that the others share: stages and transitions | any |
//! | [`buffer`] | the items that wait for the consumer | any |
//! | [`delivery`] | starting the driver, resuming it, cancelling it | the loop's |
//! | [`driver`] | the coroutine in a task of the loop that steps the generator | the loop's |
//! | [`async_for`] | its steps: collecting items, pausing, `aclose()` | the loop's |
//! | [`await_iterator`] | stepping one awaitable, as `await` does | the loop's |

mod async_for;
mod await_iterator;
mod buffer;
mod delivery;
mod driver;
mod pystream;
mod shared_stream;

pub(crate) use pystream::into_items_with_locals;
pub use pystream::{PyItems, PyStream, into_stream, into_stream_with_locals};
