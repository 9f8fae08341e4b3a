//! Streams both ways: Python's asynchronous generators as Rust streams, and Rust streams as asynchronous generators.
//!
//! Towards Python, [`RustGenerator`] is the generator, [`Anext`](anext::Anext) and [`Ending`](ending::Ending) are what its
//! methods return, [`Custody`](custody::Custody) knows who has the Rust stream just now, and a [`Pull`](pull::Pull)
//! polls it on its runtime. Towards Rust, [`PyStream`] is the stream, a [`Driver`](driver::Driver) on the loop steps the
//! generator, they have a [`Buffer`](buffer::Buffer) between them, and [`Shared`](shared::Shared) is what they share.

mod anext;
mod awaited;
mod body;
mod buffer;
mod custody;
mod driver;
mod ending;
mod generator;
mod hooks;
mod on_loop;
mod pull;
mod pystream;
mod shared;
mod source;
mod spare;

pub(crate) use generator::RustGenerator;
pub(crate) use pystream::into_items_with_locals;
pub use pystream::{PyStream, into_stream, into_stream_with_locals};
pub(crate) use source::Feed;
