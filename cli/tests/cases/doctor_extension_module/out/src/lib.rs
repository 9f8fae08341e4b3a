//! A crate.

// Links the unit tests with Python: pyo3 does not, with its feature `extension-module`.
#[cfg(test)]
use pyo3_aio as _;
