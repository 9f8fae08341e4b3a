//! A crate.

mod bindings;
