//! Sets the exception that is being raised aside while a deallocator runs Python code.
//!
//! CPython may call a deallocator while an exception is set on the thread, and expects that exception to be set
//! afterwards (documentation of `tp_finalize`). Python code that runs in between would take it for an error of its own.

#![expect(
    unsafe_code,
    reason = "pyo3's safe functions resume a panic that they find"
)]

use pyo3::ffi;
use pyo3::prelude::*;

/// Calls a function with no exception set on this thread, and sets the one that was set before again, also when the
/// function panics.
#[cfg_attr(
    Py_3_12,
    expect(deprecated, reason = "its successor is missing before 3.12")
)]
pub(crate) fn call_without_exception<T>(_py: Python<'_>, function: impl FnOnce() -> T) -> T {
    let mut stashed = StashedException([std::ptr::null_mut(); 3]);
    let [kind, value, traceback] = &mut stashed.0;
    // SAFETY: this thread is attached. The call gives the three references to `stashed`.
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
        // SAFETY: `call_without_exception` drops this while the thread is attached. The call takes the references.
        unsafe { ffi::PyErr_Restore(kind, value, traceback) };
    }
}
