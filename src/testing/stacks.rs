//! A look at a test whose time is over.

use pyo3::ffi::c_str;
use pyo3::prelude::*;

use super::{current_test, leaks};
use crate::TaskLocals;

/// Describes the tasks of the test and the threads of Python.
///
/// Waits for Python, which the test may keep to itself: the harness calls it on a thread of its own.
pub(super) fn describe(locals: &TaskLocals) -> String {
    let stacks = Python::attach(|py| {
        let module = PyModule::from_code(py, SOURCE, c"stacks.py", c"pyo3_aio_stacks")?;
        let test = current_test::of_locals(py, locals)?;
        let arguments = (locals.event_loop(py), test, leaks::owner(py)?);
        module
            .call_method1("stacks", arguments)?
            .extract::<String>()
    });
    stacks.unwrap_or_else(|error| error.to_string())
}

const SOURCE: &std::ffi::CStr = c_str!(include_str!("stacks.py"));
