//! Attributes that users set on an object, as on one that has a `__dict__`.
//!
//! `#[pyclass(dict)]` is no way to have them. Python 3.11 and 3.12 allocate the dictionary with each object
//! (`_PyObject_InitializeDict` in `Objects/dictobject.c`, called by `object_new`). That allocation can start the garbage
//! collector, which visits the object although pyo3 has not filled it yet, and follows null pointers.

#![expect(
    unsafe_code,
    reason = "pyo3 has no function for the attributes that the class knows"
)]

use std::ptr;
use std::sync::OnceLock;

use pyo3::exceptions::PyAttributeError;
use pyo3::ffi;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The attributes of one object, in a dictionary that the first one makes.
#[derive(Default)]
pub(crate) struct Attributes(OnceLock<Py<PyDict>>);

impl Attributes {
    /// Returns an attribute that the class of `object` does not have.
    pub(crate) fn get<'py>(
        &self,
        object: &Bound<'py, PyAny>,
        name: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = object.py();
        let found = match self.0.get() {
            Some(attributes) => attributes.bind(py).get_item(name)?,
            None => None,
        };
        found.ok_or_else(|| missing(object, name))
    }

    /// Sets an attribute, or deletes it where `value` is none: by the class if that has it.
    pub(crate) fn set(
        &self,
        object: &Bound<'_, PyAny>,
        name: &Bound<'_, PyAny>,
        value: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let py = object.py();
        match set_by_class(object, name, value) {
            Err(error) if error.is_instance_of::<PyAttributeError>(py) => {
                if object.get_type().hasattr(name.cast()?)? {
                    return Err(error);
                }
            }
            result => return result,
        }
        let Some(value) = value else {
            return match self.0.get() {
                Some(attributes) if attributes.bind(py).contains(name)? => {
                    attributes.bind(py).del_item(name)
                }
                _ => Err(missing(object, name)),
            };
        };
        // Making a dictionary can run Python code, during which no other thread must wait for this one.
        let attributes = match self.0.get() {
            Some(attributes) => attributes,
            None => {
                let made = PyDict::new(py).unbind();
                self.0.get_or_init(|| made)
            }
        };
        attributes.bind(py).set_item(name, value)
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(self.0.get())
    }
}

/// Returns the error for an attribute that the class does not have either.
fn missing(object: &Bound<'_, PyAny>, name: &Bound<'_, PyAny>) -> PyErr {
    let py = object.py();
    // SAFETY: the thread is attached and both objects are alive; the result is a new reference, or null with an error set.
    let found = unsafe {
        let found = ffi::PyObject_GenericGetAttr(object.as_ptr(), name.as_ptr());
        Bound::from_owned_ptr_or_err(py, found)
    };
    match found {
        Err(error) => error,
        Ok(_) => PyAttributeError::new_err((name.clone().unbind(),)),
    }
}

/// Sets or deletes an attribute as an object without a `__dict__` does.
fn set_by_class(
    object: &Bound<'_, PyAny>,
    name: &Bound<'_, PyAny>,
    value: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    let value = value.map_or(ptr::null_mut(), Bound::as_ptr);
    // SAFETY: the thread is attached and all objects are alive; a null value deletes the attribute.
    let status = unsafe { ffi::PyObject_GenericSetAttr(object.as_ptr(), name.as_ptr(), value) };
    if status == 0 {
        return Ok(());
    }
    Err(PyErr::fetch(object.py()))
}
