//! Keeps the exception that is being raised while a deallocator runs Python code.
//!
//! CPython calls deallocators while an exception is set, and expects it there afterwards (`tp_finalize` does this for
//! classes that have one); Python code that is called meanwhile would take it for its own.

#![expect(
    unsafe_code,
    reason = "pyo3's safe functions resume a panic that they find"
)]

use pyo3::ffi;
use pyo3::prelude::*;

/// Calls a function while no exception is set, and sets the one that was.
#[cfg_attr(
    Py_3_12,
    expect(deprecated, reason = "its successor is missing before 3.12")
)]
pub(crate) fn call_without_exception<T>(_py: Python<'_>, function: impl FnOnce() -> T) -> T {
    let mut stashed = StashedException([std::ptr::null_mut(); 3]);
    let [kind, value, traceback] = &mut stashed.0;
    // SAFETY: this thread is attached; the three references are ours from now on.
    unsafe { ffi::PyErr_Fetch(kind, value, traceback) };
    function()
}

struct StashedException([*mut ffi::PyObject; 3]);

impl Drop for StashedException {
    #[cfg_attr(
        Py_3_12,
        expect(deprecated, reason = "its successor is missing before 3.12")
    )]
    fn drop(&mut self) {
        let [kind, value, traceback] = self.0;
        // SAFETY: `call_without_exception` has the thread attached, and the references go back to the interpreter.
        unsafe { ffi::PyErr_Restore(kind, value, traceback) };
    }
}
