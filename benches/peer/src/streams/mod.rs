//! Streams to Python and from it.

#[cfg(feature = "streams")]
pub(crate) mod ours;
pub(crate) mod peer;
