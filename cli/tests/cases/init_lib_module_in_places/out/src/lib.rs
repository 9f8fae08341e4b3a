//! A crate.

#[path = "py/glue.rs"]
mod bindings;

pub use self::bindings::api::demo;

#[cfg(feature = "more")]
#[pymodule]
mod more {}

#[cfg(test)]
pyo3_aio::testing::main!(modules = [demo]);
