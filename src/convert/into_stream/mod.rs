//! Python's asynchronous generators as Rust streams.
//!
//! [`PyStream`] is the stream. A [`Driver`](driver::Driver) in a task of the event loop steps the generator, a
//! [`Buffer`](buffer::Buffer) holds the items between the two, and [`Shared`](shared::Shared) is what they share.

mod awaited;
mod body;
mod buffer;
mod driver;
mod on_loop;
mod pystream;
mod shared;

pub(crate) use pystream::into_items_with_locals;
pub use pystream::{PyItems, PyStream, into_stream, into_stream_with_locals};
