//! Makes a task that takes its first step at once.
//!
//! When that step raises KeyboardInterrupt or SystemExit, so does the call of the class, and the task, of which nobody
//! has heard, reports an exception that was never retrieved. So the class is called here in its two parts.

#![expect(
    unsafe_code,
    reason = "pyo3 calls a class as a whole; its methods `__new__` and `__init__` take a third longer"
)]

use std::ffi::c_void;

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple, PyType};

/// Calls a class of tasks; a task that fails to be made has told its exception to nobody but the caller.
pub(crate) fn new_task<'py>(
    class: &Bound<'py, PyType>,
    arguments: &Bound<'py, PyTuple>,
    keywords: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let type_object = class.as_type_ptr();
    // SAFETY: asyncio's classes of tasks are on the heap, as this asks for, and inherit both slots if they have none of
    // their own. What is passed are a tuple and a dictionary; a null comes with an exception.
    let (task, init) = unsafe {
        let new = slot::<ffi::newfunc>(type_object, ffi::Py_tp_new);
        let init = slot::<ffi::initproc>(type_object, ffi::Py_tp_init);
        let task = new(type_object, arguments.as_ptr(), keywords.as_ptr());
        (Bound::from_owned_ptr_or_err(py, task)?, init)
    };
    // SAFETY: it is an instance of the class, and new.
    if unsafe { init(task.as_ptr(), arguments.as_ptr(), keywords.as_ptr()) } != 0 {
        let error = PyErr::fetch(py);
        // A look keeps it from being reported; where the task is not done, there is nothing to report.
        let _ = task.call_method0(intern!(py, "exception"));
        return Err(error);
    }
    Ok(task)
}

/// # Safety
///
/// The class is on the heap, the slot is not empty, and `F` is its type.
unsafe fn slot<F: Copy>(class: *mut ffi::PyTypeObject, slot: i32) -> F {
    // SAFETY: the caller's.
    let function: *mut c_void = unsafe { ffi::PyType_GetSlot(class, slot) };
    // SAFETY: the caller's; function pointers and others have the same size wherever Python runs.
    unsafe { std::mem::transmute_copy(&function) }
}
