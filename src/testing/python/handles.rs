//! Has each callback of asyncio's loops run for the test whose context it runs in.
//!
//! What compiled code prints there reaches no object of Python's that could ask for the context.

use pyo3::exceptions::PyException;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use crate::testing::python::callback_exits;
use crate::testing::python::current_test::{self, CurrentTest};

/// Stands for `Handle._run`, which enters the context of the handle and calls back.
///
/// A method in Python would be a frame in every stack that is shown.
#[pyclass(frozen, module = "pyo3_aio.testing")]
struct RunForTest {
    run: Py<PyAny>,
}

#[pymethods]
impl RunForTest {
    /// Makes a method of a handle, as functions do.
    fn __get__<'py>(
        slf: Bound<'py, Self>,
        handle: Option<Bound<'py, PyAny>>,
        _class: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match handle {
            Some(handle) => method_type(slf.py())?.call1((slf, handle)),
            None => Ok(slf.into_any()),
        }
    }

    fn __call__<'py>(&self, handle: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = handle.py();
        let run = self.run.bind(py);
        let test = test_of(&handle)?.map(|test| test.get().0.clone());
        let ran = match &test {
            Some(test) => test.run(|| run.call1((&handle,))),
            None => run.call1((&handle,)),
        };
        // Only what ends the loop comes here; the loop's exception handler has the rest.
        ran.inspect_err(|_| callback_exits::note_raiser(&handle, test))
    }
}

/// Returns the test that a handle belongs to. One whose context is none of Python's own belongs to none.
fn test_of<'py>(handle: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, CurrentTest>>> {
    let py = handle.py();
    let context = handle.getattr(intern!(py, "_context"));
    match context.and_then(|context| current_test::of(&context)) {
        Err(error) if error.is_instance_of::<PyException>(py) => Ok(None),
        found => found,
    }
}

fn method_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static METHOD_TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    METHOD_TYPE.import(py, "types", "MethodType")
}

/// The method that was replaced; [`restore`](Self::restore) puts it back.
pub(crate) struct Handles {
    class: Py<PyAny>,
    ours: Py<RunForTest>,
}

impl Handles {
    /// Replaces the method.
    pub(crate) fn new(py: Python<'_>) -> PyResult<Self> {
        let class = py.import("asyncio")?.getattr("Handle")?;
        let run = class.getattr("_run")?.unbind();
        let ours = Bound::new(py, RunForTest { run })?;
        class.setattr("_run", &ours)?;
        Ok(Self {
            class: class.unbind(),
            ours: ours.unbind(),
        })
    }

    /// Puts the method back, unless somebody has replaced ours.
    pub(crate) fn restore(self, py: Python<'_>) -> PyResult<()> {
        let class = self.class.bind(py);
        if class.getattr("_run")?.is(&self.ours) {
            class.setattr("_run", &self.ours.get().run)?;
        }
        Ok(())
    }
}
