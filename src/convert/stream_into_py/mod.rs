//! Rust streams as Python's asynchronous generators.
//!
//! [`RustGenerator`] is the generator, [`Anext`](anext::Anext) and [`Ending`](ending::Ending) are what its methods return,
//! [`Custody`](custody::Custody) knows who has the Rust stream just now, and a [`Pull`](pull::Pull) polls the stream on its
//! runtime.

mod anext;
mod custody;
mod ending;
mod generator;
mod hooks;
mod pull;
mod source;

pub(crate) use generator::RustGenerator;
pub(crate) use source::Feed;
