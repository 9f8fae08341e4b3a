//! The arguments of `throw` of coroutines and generators.

use pyo3::exceptions::{PyBaseException, PyDeprecationWarning, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyTraceback, PyType};

/// Makes the exception that `throw(kind, value, traceback)` raises, by CPython's rules (`_gen_throw` in
/// `Objects/genobject.c`): `kind` is an exception, or a class of which `value` is an instance or the argument.
///
/// # Errors
///
/// `TypeError`: the result is not an exception, an exception has a `value` beside it, or `traceback` is none. What the class
/// raises.
pub(crate) fn exception_from(
    kind: &Bound<'_, PyAny>,
    value: Option<Bound<'_, PyAny>>,
    traceback: Option<Bound<'_, PyAny>>,
) -> PyResult<PyErr> {
    if traceback
        .as_ref()
        .is_some_and(|it| !it.is_instance_of::<PyTraceback>())
    {
        return Err(PyTypeError::new_err(
            "throw() third argument must be a traceback object",
        ));
    }
    let py = kind.py();
    if (value.is_some() || traceback.is_some()) && py.version_info() >= (3, 12) {
        let text = c"the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead.";
        PyErr::warn(py, &py.get_type::<PyDeprecationWarning>(), text, 1)?;
    }
    let exception = match kind.cast::<PyType>() {
        Err(_) if value.is_some() && kind.is_instance_of::<PyBaseException>() => {
            return Err(PyTypeError::new_err(
                "instance exception may not have a separate value",
            ));
        }
        Err(_) => kind.clone(),
        Ok(class) => match value {
            Some(value) if value.is_instance(class)? => value,
            Some(value) => class.call1((value,))?,
            None => class.call0()?,
        },
    };
    if !exception.is_instance_of::<PyBaseException>() {
        return Err(PyTypeError::new_err(
            "exceptions must be classes or instances deriving from BaseException",
        ));
    }
    if let Some(traceback) = traceback {
        exception.call_method1("with_traceback", (traceback,))?;
    }
    Ok(PyErr::from_value(exception))
}
