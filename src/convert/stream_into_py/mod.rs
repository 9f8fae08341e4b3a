//! Rust streams as Python's asynchronous generators.
//!
//! [`RustGenerator`] is the generator, [`Anext`](anext::Anext) and [`Athrow`](athrow::Athrow) are what its methods return,
//! [`StreamSlot`](stream_slot::StreamSlot) knows who has the Rust stream just now, and a [`RuntimePoll`](runtime_poll::RuntimePoll) polls the stream on its
//! runtime.

mod anext;
mod asyncgen_hooks;
mod athrow;
mod generator;
mod methods;
mod runtime_poll;
mod source;
mod stream_slot;

pub(crate) use generator::RustGenerator;
pub(crate) use source::StreamSource;
