//! The generator's methods in Python.

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;

use crate::convert::stream_into_py::anext::Anext;
use crate::convert::stream_into_py::athrow::{Athrow, GeneratorEnd};
use crate::convert::stream_into_py::generator::RustGenerator;
use crate::python::exceptions::throw_arguments::exception_from;

#[pymethods]
impl RustGenerator {
    fn __aiter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __anext__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Anext>> {
        slf.get().hooks.call_firstiter(&slf)?;
        Anext::create(slf, None)
    }

    /// Returns an awaitable for the next item. The stream has no use for the value.
    fn asend<'py>(slf: Bound<'py, Self>, value: Bound<'py, PyAny>) -> PyResult<Bound<'py, Anext>> {
        slf.get().hooks.call_firstiter(&slf)?;
        Anext::create(slf, (!value.is_none()).then(|| value.unbind()))
    }

    /// Returns an awaitable that drops the stream and raises the exception.
    #[pyo3(signature = (kind, value=None, traceback=None, /))]
    fn athrow(
        slf: Bound<'_, Self>,
        kind: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Athrow> {
        slf.get().hooks.call_firstiter(&slf)?;
        let error = exception_from(kind, value, traceback)?;
        let end = GeneratorEnd::Throw(error.into_value(slf.py()));
        Ok(Athrow::new(slf.unbind(), end))
    }

    /// Returns an awaitable that drops the stream.
    fn aclose(slf: Bound<'_, Self>) -> PyResult<Athrow> {
        slf.get().hooks.call_firstiter(&slf)?;
        Ok(Athrow::new(slf.unbind(), GeneratorEnd::Close))
    }

    #[getter]
    fn ag_running(&self) -> bool {
        self.slot().is_running()
    }

    fn __repr__(&self) -> &'static str {
        "<AsyncGenerator of Rust>"
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.hooks.traverse(&visit)
    }
}
