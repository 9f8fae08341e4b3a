//! The iterator of a Python awaitable, stepped from Rust as `await` steps it.
//!
//! The rules and texts are those of `_PyCoro_GetAwaitableIter` (`Objects/genobject.c`) and of the instruction
//! `GET_ANEXT`.

use pyo3::exceptions::PyAttributeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyIterator;

use crate::python::asyncio;
use crate::python::exceptions::of_cpython;
use crate::python::exceptions::pep479::with_cause;
use crate::python::step::Step;

/// The iterator that `__await__` has returned.
pub(crate) struct AwaitIterator(Py<PyAny>);

/// A value or an exception for a suspended awaitable.
pub(crate) enum Resume<'a, 'py> {
    Send(&'a Bound<'py, PyAny>),
    Throw(PyErr),
}

impl AwaitIterator {
    /// Takes the iterator of an awaitable that `__anext__()` has returned.
    ///
    /// # Errors
    ///
    /// `TypeError`, with the reason as its cause.
    pub(crate) fn of_item(awaitable: Bound<'_, PyAny>) -> PyResult<Self> {
        let (py, class) = (awaitable.py(), awaitable.get_type());
        Self::new(awaitable)
            .map_err(|reason| with_cause(py, of_cpython::not_an_item(&class), reason))
    }

    /// Takes the iterator of an awaitable.
    ///
    /// # Errors
    ///
    /// `TypeError`: the object is not awaitable. The errors of its `__await__`.
    pub(crate) fn new(awaitable: Bound<'_, PyAny>) -> PyResult<Self> {
        let py = awaitable.py();
        let called = awaitable.call_method0(intern!(py, "__await__"));
        let iterator = match called {
            Ok(iterator) => iterator,
            Err(error) if error.is_instance_of::<PyAttributeError>(py) => {
                return Self::without_await(awaitable, error);
            }
            Err(error) => return Err(error),
        };
        if iterator.cast::<PyIterator>().is_err() {
            return Err(of_cpython::not_an_iterator(
                &awaitable.get_type(),
                &iterator,
            ));
        }
        Ok(Self(iterator.unbind()))
    }

    /// Takes an object without `__await__`, if it is a generator that `types.coroutine` has made a coroutine.
    fn without_await(awaitable: Bound<'_, PyAny>, error: PyErr) -> PyResult<Self> {
        let py = awaitable.py();
        let class = awaitable.get_type();
        if class.hasattr(intern!(py, "__await__"))? {
            // The code of its `__await__` has raised that.
            return Err(error);
        }
        let isawaitable = asyncio::isawaitable(py)?.call1((&awaitable,))?;
        if isawaitable.is_truthy()? {
            return Ok(Self(awaitable.unbind()));
        }
        Err(of_cpython::not_awaitable(&awaitable))
    }

    /// Steps the awaitable until it yields or ends.
    pub(crate) fn resume(&self, py: Python<'_>, resume: Resume<'_, '_>) -> PyResult<Step> {
        let iterator = self.0.bind(py);
        match resume {
            Resume::Send(value) => send(iterator, value),
            Resume::Throw(error) => throw(iterator, error),
        }
    }

    pub(crate) fn object(&self) -> &Py<PyAny> {
        &self.0
    }
}

fn throw(iterator: &Bound<'_, PyAny>, error: PyErr) -> PyResult<Step> {
    let py = iterator.py();
    let Some(throw) = iterator.getattr_opt(intern!(py, "throw"))? else {
        return Err(error);
    };
    Step::from_result(py, throw.call1((error,)))
}

#[cfg(all(Py_3_10, not(PyPy)))]
use by_slot::send;

#[cfg(all(Py_3_10, not(PyPy)))]
mod by_slot {
    #![expect(
        unsafe_code,
        reason = "pyo3 has no name for `PyIter_Send`'s result that all its versions share"
    )]

    use pyo3::ffi;
    use pyo3::prelude::*;

    use crate::python::step::Step;

    pub(crate) fn send(iterator: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<Step> {
        let py = iterator.py();
        let mut result = std::ptr::null_mut();
        // SAFETY: the thread is attached, both objects are alive, and `result` is writable.
        let sent = unsafe { ffi::PyIter_Send(iterator.as_ptr(), value.as_ptr(), &raw mut result) };
        if sent == ffi::PySendResult::PYGEN_ERROR {
            return Err(PyErr::fetch(py));
        }
        // SAFETY: without an error the result is a new reference.
        let result = unsafe { Bound::from_owned_ptr(py, result) }.unbind();
        Ok(match sent {
            ffi::PySendResult::PYGEN_NEXT => Step::Yielded(result),
            _ => Step::Returned(result),
        })
    }
}

#[cfg(not(all(Py_3_10, not(PyPy))))]
fn send(iterator: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<Step> {
    let py = iterator.py();
    if value.is_none() {
        return Step::from_result(py, iterator.call_method0(intern!(py, "__next__")));
    }
    Step::from_result(py, iterator.call_method1(intern!(py, "send"), (value,)))
}
