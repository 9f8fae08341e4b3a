//! Python's warnings about coroutines.

use std::ffi::CString;

use pyo3::exceptions::PyRuntimeWarning;
use pyo3::intern;
use pyo3::prelude::*;

/// Warns that a coroutine was never awaited, in the steps of `_PyErr_WarnUnawaitedCoroutine` (`Python/_warnings.c`): errors,
/// among these the warning where a filter makes it one, are unraisable.
pub(crate) fn warn_unawaited(coroutine: &Bound<'_, PyAny>, qualname: &str) {
    let py = coroutine.py();
    // The import fails when the interpreter has been finalized too far. CPython warns without the module then.
    let function = py
        .import(intern!(py, "warnings"))
        .and_then(|module| module.getattr(intern!(py, "_warn_unawaited_coroutine")));
    if let Ok(function) = function {
        let Err(error) = function.call1((coroutine,)) else {
            return;
        };
        let is_warning = error.is_instance_of::<PyRuntimeWarning>(py);
        error.write_unraisable(py, Some(coroutine));
        if is_warning {
            return;
        }
    }
    let Ok(text) = CString::new(format!("coroutine '{qualname}' was never awaited")) else {
        return;
    };
    if let Err(error) = PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &text, 1) {
        error.write_unraisable(py, Some(coroutine));
    }
}
