//! An awaitable of Python's that is stepped from Rust, as `await` does.

use pyo3::exceptions::{PyAttributeError, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyIterator;

use crate::python::asyncio;
use crate::python::exceptions::pep479::with_cause;
use crate::python::step::Step;

/// The iterator of an awaitable.
pub(crate) struct AwaitIterator(Py<PyAny>);

/// What goes into a suspended awaitable.
pub(crate) enum Resume<'a, 'py> {
    Send(&'a Bound<'py, PyAny>),
    Throw(PyErr),
}

impl AwaitIterator {
    /// Takes the iterator that `async for` would step, of what `__anext__()` has returned.
    ///
    /// # Errors
    ///
    /// `TypeError`, with the reason as its cause.
    pub(crate) fn of_item(awaitable: Bound<'_, PyAny>) -> PyResult<Self> {
        let (py, class) = (awaitable.py(), awaitable.get_type());
        Self::new(awaitable).map_err(|reason| {
            let name = class
                .name()
                .map_or_else(|_| "?".to_owned(), |name| name.to_string());
            let error = PyTypeError::new_err(format!(
                "'async for' received an invalid object from __anext__: {name}"
            ));
            with_cause(py, error, reason)
        })
    }

    /// Takes the iterator that `await` would step.
    ///
    /// # Errors
    ///
    /// `TypeError`: the object is not awaitable. What its `__await__` raises.
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
            let class = iterator.get_type();
            return Err(PyTypeError::new_err(format!(
                "__await__() returned non-iterator of type '{}'",
                class.name()?
            )));
        }
        Ok(Self(iterator.unbind()))
    }

    /// A generator that `types.coroutine` has made a coroutine has no `__await__`, and what cannot be awaited neither.
    fn without_await(awaitable: Bound<'_, PyAny>, error: PyErr) -> PyResult<Self> {
        let py = awaitable.py();
        let class = awaitable.get_type();
        if class.hasattr(intern!(py, "__await__"))? {
            // Its own code has raised that.
            return Err(error);
        }
        let isawaitable = asyncio::isawaitable(py)?.call1((&awaitable,))?;
        if isawaitable.is_truthy()? {
            return Ok(Self(awaitable.unbind()));
        }
        Err(PyTypeError::new_err(format!(
            "object {} can't be used in 'await' expression",
            class.name()?
        )))
    }

    /// Runs it until its next suspension, or its end.
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
        // SAFETY: both objects are alive, and there is a place for the result.
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
