//! The awaitable that `aclose()` and `athrow()` of a generator return, as CPython's `async_gen_athrow`
//! (`Objects/genobject.c`), with its rules and texts.

use std::sync::{Mutex, PoisonError};

use pyo3::exceptions::{PyBaseException, PyStopIteration};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::convert::stream_into_py::generator::RustGenerator;
use crate::python::exceptions::of_cpython::Misuse;
use crate::python::exceptions::pep479;
use crate::python::exceptions::throw_arguments::exception_from;

/// An awaitable that closes a generator in its only step.
#[pyclass(frozen, module = "pyo3_aio", name = "AsyncGeneratorEnding")]
pub(crate) struct Athrow {
    generator: Py<RustGenerator>,
    /// `None` after the step.
    end: Mutex<Option<GeneratorEnd>>,
}

/// The method that closes the generator.
pub(crate) enum GeneratorEnd {
    /// `aclose()`.
    Close,
    /// `athrow()`, with its exception.
    Throw(Py<PyBaseException>),
}

impl Athrow {
    pub(crate) fn new(generator: Py<RustGenerator>, end: GeneratorEnd) -> Self {
        Self {
            generator,
            end: Mutex::new(Some(end)),
        }
    }

    fn take(&self) -> Option<GeneratorEnd> {
        // Only this move happens under the lock.
        self.end
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Closes the generator. The result is raised, StopIteration included.
    fn step(&self, py: Python<'_>) -> PyErr {
        let Some(end) = self.take() else {
            return Misuse::STEP_FINISHED_ATHROW.error(py);
        };
        let slot = self.generator.get().slot();
        if slot.is_running() {
            let misuse = match end {
                GeneratorEnd::Close => Misuse::ACLOSE_OF_RUNNING_GENERATOR,
                GeneratorEnd::Throw(_) => Misuse::ATHROW_OF_RUNNING_GENERATOR,
            };
            return misuse.error(py);
        }
        let was_closed = slot.is_closed();
        slot.close(py, None);
        match end {
            GeneratorEnd::Throw(error) if !was_closed => {
                let error = PyErr::from_value(error.into_bound(py).into_any());
                pep479::replace_stop_of_generator(py, error)
            }
            GeneratorEnd::Throw(_) | GeneratorEnd::Close => PyStopIteration::new_err(()),
        }
    }
}

#[pymethods]
impl Athrow {
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

    /// Raises an exception, and leaves the generator as it is.
    #[pyo3(signature = (kind, value=None, traceback=None, /))]
    fn throw(
        &self,
        kind: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let error = exception_from(kind, value, traceback)?;
        drop(self.take());
        Err(pep479::replace_stop_of_generator(kind.py(), error))
    }

    /// Leaves the generator as it is.
    fn close(&self) {
        drop(self.take());
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.generator)?;
        // Whoever holds the lock is running, so that this object is not garbage.
        match self.end.try_lock().as_deref() {
            Ok(Some(GeneratorEnd::Throw(error))) => visit.call(error),
            _ => Ok(()),
        }
    }
}
