//! Streams both ways: Python's asynchronous generators as Rust streams, and Rust streams as asynchronous generators.
//!
//! Towards Python, [`RustGenerator`] is the generator, [`Anext`](anext::Anext) and [`Ending`](ending::Ending) are what its
//! methods return, and [`Custody`](custody::Custody) knows who has the Rust stream just now.

mod anext;
mod custody;
mod ending;
mod generator;
mod source;

pub(crate) use generator::RustGenerator;
pub(crate) use source::Feed;
