//! Stands in for the start of an interpreter that cannot be embedded.

use std::path::Path;

/// Ends the tests: PyPy and GraalPy have no embedding that pyo3 supports.
pub(super) fn initialize(_executable: Option<&Path>) {
    panic!("the tests need CPython: pyo3 cannot embed PyPy or GraalPy");
}
