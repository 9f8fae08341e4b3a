//! A crate.

pub mod python;
