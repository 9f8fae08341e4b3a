//! Patches `asyncio.Handle._run`, so that each callback runs in the capture scope of the test whose context it has.
//!
//! Text that compiled code prints (`println!` in a `#[pyfunction]`) does not pass through `sys.stdout`, whose replacement could
//! look the context up. The method is private to
//! CPython's `Lib/asyncio/events.py`; `call_soon`, `call_later` and transports all create such handles.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

use super::callback_exits;
use super::current_test::{self, CurrentTest};

/// Replaces `Handle._run`, which enters the context of the handle and calls its callback.
///
/// A method written in Python would add a frame to every traceback.
#[pyclass(frozen, module = "pyo3_aio.testing")]
struct RunForTest {
    run: Py<PyAny>,
}

#[pymethods]
impl RunForTest {
    /// Binds to a handle, as a function does (`function.__get__`).
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
        let test = test_of(&handle).map(|test| test.get().0.clone());
        let ran = match &test {
            Some(test) => test.run(|| run.call1((&handle,))),
            None => run.call1((&handle,)),
        };
        // `_run` passes on only the exceptions that end the loop; the loop's exception handler gets the others.
        ran.inspect_err(|_| callback_exits::set_source(&handle, test))
    }
}

/// Returns the test that a handle belongs to. `call_soon` takes any object with a method `run` as its context: without a
/// `contextvars.Context` the handle belongs to none.
fn test_of<'py>(handle: &Bound<'py, PyAny>) -> Option<Bound<'py, CurrentTest>> {
    let context = handle.getattr(intern!(handle.py(), "_context")).ok()?;
    current_test::of(&context).ok()?
}

fn method_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static METHOD_TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    METHOD_TYPE.import(py, "types", "MethodType")
}

/// The patch of `asyncio.Handle`, until [`restore`](Self::restore).
pub(crate) struct HandlePatch {
    class: Py<PyAny>,
    replacement: Py<RunForTest>,
}

impl HandlePatch {
    /// Replaces the method.
    pub(crate) fn new(py: Python<'_>) -> PyResult<Self> {
        let class = py.import("asyncio")?.getattr("Handle")?;
        let run = class.getattr("_run")?.unbind();
        let replacement = Bound::new(py, RunForTest { run })?;
        class.setattr("_run", &replacement)?;
        Ok(Self {
            class: class.unbind(),
            replacement: replacement.unbind(),
        })
    }

    /// Restores the method, unless another library has replaced it since.
    pub(crate) fn restore(self, py: Python<'_>) -> PyResult<()> {
        let class = self.class.bind(py);
        if class.getattr("_run")?.is(&self.replacement) {
            class.setattr("_run", &self.replacement.get().run)?;
        }
        Ok(())
    }
}
