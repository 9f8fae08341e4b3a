//! A crate.

#[path = "for_python/mod.rs"]
mod python;
mod hidden;

pub use python::core as core_module;
