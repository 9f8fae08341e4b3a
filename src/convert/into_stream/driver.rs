//! The coroutine that steps an asynchronous generator for Rust, in a task of its loop.

use std::sync::Arc;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::convert::into_stream::awaited::Resume;
use crate::convert::into_stream::body::Body;
use crate::convert::into_stream::shared::Shared;
use crate::panic::catch_call;
use crate::python::coroutine_state::{Steppable, Suspended};
use crate::python::exceptions::throw_arguments::thrown;
use crate::python::step::{Step, step_in_method};
use crate::python::type_slots;
use crate::python::type_slots::Steps;

/// A coroutine that moves the items of a generator to a buffer.
#[pyclass(frozen, weakref, module = "pyo3_aio", name = "StreamDriver")]
pub(crate) struct Driver {
    shared: Arc<Shared>,
    state: Steppable<Body>,
}

impl Suspended for Body {
    const EXECUTING: &'static str = "coroutine already executing";
    const FINISHED: &'static str = "cannot reuse already awaited coroutine";
}

impl Driver {
    pub(crate) fn create(
        py: Python<'_>,
        generator: Py<PyAny>,
        shared: Arc<Shared>,
    ) -> PyResult<Bound<'_, PyAny>> {
        static PATCHED: PyOnceLock<()> = PyOnceLock::new();
        PATCHED.get_or_init(py, || type_slots::patch::<Self>(py));
        let state = Steppable::new(Body::new(generator));
        Ok(Bound::new(py, Self { shared, state })?.into_any())
    }

    fn resume(&self, py: Python<'_>, resume: Resume<'_, '_>) -> PyResult<Step> {
        self.state.step(|mut body| {
            // A PanicException that the generator has raised comes back as a panic.
            let stepped = catch_call(|| body.resume(py, &self.shared, resume));
            let stepped = stepped.unwrap_or_else(|caught| {
                let error = PyErr::from(caught);
                self.shared.stop(error.clone_ref(py));
                Err(error)
            });
            if let Ok(Step::Yielded(_)) = stepped {
                self.state.suspend(body);
            } else {
                self.shared.finish();
            }
            stepped
        })
    }
}

impl Steps for Driver {
    fn step(slf: &Bound<'_, Self>, sent: &Bound<'_, PyAny>) -> PyResult<Step> {
        slf.get().resume(slf.py(), Resume::Send(sent))
    }
}

#[pymethods]
impl Driver {
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
        let error = thrown(kind, value, traceback)?;
        step_in_method(|| self.resume(py, Resume::Throw(error)))
    }

    /// Lets go of the generator.
    fn close(&self) -> PyResult<()> {
        self.state.close(|body| {
            drop(body);
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
        let visited = self.state.look(|body| body.traverse(&visit));
        visited.unwrap_or(Ok(()))
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.shared.abandon();
    }
}
