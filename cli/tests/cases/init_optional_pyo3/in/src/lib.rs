//! A crate.

#[cfg(feature = "python")]
mod python;
