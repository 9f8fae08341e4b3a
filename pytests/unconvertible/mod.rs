//! A value that Python cannot have.

use pyo3::prelude::*;

/// A value whose conversion panics.
pub(crate) struct Unconvertible;

impl<'py> IntoPyObject<'py> for Unconvertible {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, _py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        panic!("no conversion")
    }
}
