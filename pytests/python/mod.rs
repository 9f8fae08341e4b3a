//! Python for the tests: small programs, and Rust functions that they can call.

use std::ffi::CStr;

use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict};

/// The names that a piece of Python defines.
pub(crate) fn python<'py>(py: Python<'py>, code: &CStr) -> PyResult<Bound<'py, PyDict>> {
    let names = PyDict::new(py);
    py.run(c"import asyncio, gc, sys, weakref", Some(&names), None)?;
    py.run(code, Some(&names), None)?;
    Ok(names)
}

/// Calls one of the names.
pub(crate) fn call<'py>(
    names: &Bound<'py, PyDict>,
    name: &str,
    argument: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    names
        .get_item(name)?
        .expect("the code defines it")
        .call1((argument,))
}

/// Makes a Rust function callable from Python.
pub(crate) fn function<'py, F>(py: Python<'py>, function: F) -> PyResult<Bound<'py, PyAny>>
where
    F: for<'a> Fn(Python<'a>) -> PyResult<Bound<'a, PyAny>> + Send + Sync + 'static,
{
    let function = PyCFunction::new_closure(py, None, None, move |args, _| {
        function(args.py()).map(Bound::unbind)
    })?;
    Ok(function.into_any())
}
