//! The coroutine that steps an asynchronous generator for Rust, in a task of its loop.

use std::sync::Arc;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::bridge::calls;
use crate::convert::future_into_py::suspend_for_ever;
use crate::convert::into_stream::async_for::AsyncFor;
use crate::convert::into_stream::await_iterator::Resume;
use crate::convert::into_stream::shared_stream::SharedStream;
use crate::panic::catch_call;
use crate::python::coroutine_state::{CoroutineState, Suspension};
use crate::python::exceptions::of_cpython::Misuse;
use crate::python::exceptions::throw_arguments::exception_from;
use crate::python::step::{Step, step_in_method};
use crate::python::type_slots;
use crate::python::type_slots::Steps;

/// A coroutine that steps an `async for` over a generator, and ends with the generator.
#[pyclass(frozen, weakref, module = "pyo3_aio", name = "StreamDriver")]
pub(crate) struct GeneratorDriver {
    shared: Arc<SharedStream>,
    state: CoroutineState<AsyncFor>,
}

impl Suspension for AsyncFor {
    const EXECUTING: Misuse = Misuse::STEP_EXECUTING_COROUTINE;
    const FINISHED: Misuse = Misuse::STEP_FINISHED_COROUTINE;
}

impl GeneratorDriver {
    pub(crate) fn create(
        py: Python<'_>,
        generator: Py<PyAny>,
        shared: Arc<SharedStream>,
    ) -> PyResult<Bound<'_, PyAny>> {
        static INSTALLED: PyOnceLock<()> = PyOnceLock::new();
        INSTALLED.get_or_init(py, || type_slots::install::<Self>(py));
        let state = CoroutineState::new(AsyncFor::new(generator));
        Ok(Bound::new(py, Self { shared, state })?.into_any())
    }

    fn resume(&self, py: Python<'_>, resume: Resume<'_, '_>) -> PyResult<Step> {
        let Some(_call) = calls::enter(py) else {
            return suspend_for_ever(py);
        };
        self.state.step(|mut async_for| {
            // pyo3 resumes a panic where Python code has raised a PanicException.
            let stepped = catch_call(|| async_for.resume(py, &self.shared, resume));
            let stepped = stepped.unwrap_or_else(|caught| {
                let error = PyErr::from(caught);
                self.shared.stop(error.clone_ref(py));
                Err(error)
            });
            if let Ok(Step::Yielded(_)) = stepped {
                self.state.suspend(async_for);
            } else {
                self.shared.finish();
            }
            stepped
        })
    }
}

impl Steps for GeneratorDriver {
    fn step(slf: &Bound<'_, Self>, sent: &Bound<'_, PyAny>) -> PyResult<Step> {
        slf.get().resume(slf.py(), Resume::Send(sent))
    }
}

#[pymethods]
impl GeneratorDriver {
    fn send(&self, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        step_in_method(|| self.resume(value.py(), Resume::Send(value)))
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        step_in_method(|| self.resume(py, Resume::Send(py.None().bind(py))))
    }

    /// Raises an exception where the generator is suspended.
    #[pyo3(signature = (kind, value=None, traceback=None, /))]
    fn throw(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let error = exception_from(kind, value, traceback)?;
        step_in_method(|| self.resume(py, Resume::Throw(error)))
    }

    /// Drops the generator, and gives the consumer an error.
    fn close(&self) -> PyResult<()> {
        self.state.close(|async_for| {
            drop(async_for);
            self.shared.abandon();
            Ok(())
        })
    }

    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[getter]
    fn __name__(&self) -> &'static str {
        "StreamDriver"
    }

    #[getter]
    fn __qualname__(&self) -> &'static str {
        "pyo3_aio.StreamDriver"
    }

    #[getter]
    fn cr_running(&self) -> bool {
        self.state.is_executing()
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let visited = self.state.inspect(|async_for| async_for.traverse(&visit));
        visited.unwrap_or(Ok(()))
    }
}

impl Drop for GeneratorDriver {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}
