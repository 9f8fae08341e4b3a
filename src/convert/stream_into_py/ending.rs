//! What `aclose()` and `athrow()` of a generator return.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyBaseException, PyRuntimeError, PyStopIteration};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::convert::stream_into_py::generator::{RustGenerator, THROWN};
use crate::python::exceptions::pep479;
use crate::python::exceptions::throw_arguments::thrown;

/// An awaitable that ends a generator in its first step.
#[pyclass(frozen, module = "pyo3_aio", name = "AsyncGeneratorEnding")]
pub(crate) struct Ending {
    generator: Py<RustGenerator>,
    end: Mutex<Option<End>>,
}

/// How a generator ends.
pub(crate) enum End {
    Close,
    Throw(Py<PyBaseException>),
}

impl Ending {
    pub(crate) fn new(generator: Py<RustGenerator>, end: End) -> Self {
        Self {
            generator,
            end: Mutex::new(Some(end)),
        }
    }

    fn take(&self) -> Option<End> {
        // Only this move happens under the lock.
        self.end
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Ends the generator; the only step, which ends this awaitable too.
    fn step(&self, py: Python<'_>) -> PyErr {
        let Some(end) = self.take() else {
            return PyRuntimeError::new_err("cannot reuse already awaited aclose()/athrow()");
        };
        let custody = self.generator.get().custody();
        if custody.is_asked() {
            return PyRuntimeError::new_err(match end {
                End::Close => "aclose(): asynchronous generator is already running",
                End::Throw(_) => "athrow(): asynchronous generator is already running",
            });
        }
        let was_closed = custody.is_closed();
        custody.close(py, None);
        match end {
            End::Throw(error) if !was_closed => {
                let error = PyErr::from_value(error.into_bound(py).into_any());
                pep479::by_generator(py, THROWN, error)
            }
            End::Throw(_) | End::Close => PyStopIteration::new_err(()),
        }
    }
}

#[pymethods]
impl Ending {
    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Err(self.step(py))
    }

    fn send(&self, py: Python<'_>, _value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        Err(self.step(py))
    }

    /// Raises an exception instead of ending the generator.
    #[pyo3(signature = (kind, value=None, traceback=None, /))]
    fn throw(
        &self,
        kind: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let error = thrown(kind, value, traceback)?;
        drop(self.take());
        Err(pep479::by_generator(kind.py(), THROWN, error))
    }

    /// Leaves the generator as it is.
    fn close(&self) {
        drop(self.take());
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.generator)?;
        // Whoever holds the lock is running, so nothing here is garbage.
        match self.end.try_lock().as_deref() {
            Ok(Some(End::Throw(error))) => visit.call(error),
            _ => Ok(()),
        }
    }
}
