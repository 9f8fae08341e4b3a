//! The arguments of `throw` of coroutines and generators.

use pyo3::exceptions::{PyBaseException, PyDeprecationWarning};
use pyo3::prelude::*;
use pyo3::types::{PyTraceback, PyType};

use crate::python::exceptions::of_cpython;

/// Makes the exception that `throw(kind, value, traceback)` raises, by CPython's rules (`_gen_throw` in
/// `Objects/genobject.c`): `kind` is an exception, or a class of which `value` is an instance or the argument. Where the
/// class raises an error in place of making an instance, that error is the exception.
///
/// # Errors
///
/// `TypeError`: `kind` is neither, an exception has a `value` beside it, or `traceback` is none. `DeprecationWarning`, where a
/// filter makes an error of it: Python 3.12 deprecates more arguments than one.
pub(crate) fn exception_from(
    kind: &Bound<'_, PyAny>,
    value: Option<Bound<'_, PyAny>>,
    traceback: Option<Bound<'_, PyAny>>,
) -> PyResult<PyErr> {
    let py = kind.py();
    let is_alone = value.is_none() && traceback.is_none();
    if is_alone && kind.is_instance_of::<PyBaseException>() {
        return Ok(PyErr::from_value(kind.clone()));
    }
    let is_traceback = |it: &Bound<'_, PyAny>| it.is_instance_of::<PyTraceback>();
    let has_traceback = traceback.as_ref().is_none_or(is_traceback);
    let exception = match is_alone {
        true => of_cpython::exception_of_throw(py, (kind,)),
        false => of_cpython::exception_of_throw(py, (kind, value, traceback)),
    };
    let is_refusal = match exception_class(kind)? {
        Some(class) if has_traceback => {
            let warning = py.get_type::<PyDeprecationWarning>();
            exception.is_instance(py, &warning) && !class.is_subclass(&warning)?
        }
        _ => !exception.value(py).is(kind),
    };
    if is_refusal {
        Err(exception)
    } else {
        Ok(exception)
    }
}

fn exception_class<'a, 'py>(
    kind: &'a Bound<'py, PyAny>,
) -> PyResult<Option<&'a Bound<'py, PyType>>> {
    let Ok(class) = kind.cast::<PyType>() else {
        return Ok(None);
    };
    Ok(class.is_subclass_of::<PyBaseException>()?.then_some(class))
}
