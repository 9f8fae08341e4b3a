//! A crate.

use pyo3::prelude::*;

#[pymodule]
mod demo {}

#[pymodule]
pub mod more {}
