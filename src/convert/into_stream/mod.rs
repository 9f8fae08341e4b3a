//! Python's asynchronous generators as Rust streams.
//!
//! [`PyStream`] is the stream. A [`Driver`](driver::Driver) in a task of the event loop steps the generator, a
//! [`Buffer`](buffer::Buffer) holds the items between the two, and [`SharedStream`](shared_stream::SharedStream) is what they share.

mod async_for;
mod await_iterator;
mod buffer;
mod delivery;
mod driver;
mod pystream;
mod shared_stream;

pub(crate) use pystream::into_items_with_locals;
pub use pystream::{PyItems, PyStream, into_stream, into_stream_with_locals};
