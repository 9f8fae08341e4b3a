//! The test that Python code runs for.
//!
//! Rust code knows its test from a thread-local variable of the harness. Coroutines run on the event loop's thread
//! among those of other tests, and are known by a context variable, which they inherit from the test that started
//! them.

use libtest_async::capture;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

use crate::TaskLocals;

/// The test that the context variable points to.
#[pyclass(frozen, module = "pyo3_aio.testing")]
pub(crate) struct CurrentTest(pub(crate) capture::Context);

#[pymethods]
impl CurrentTest {
    /// Whether there is a test: not where code runs for all of them.
    #[getter]
    fn is_test(&self) -> bool {
        self.0.test_name().is_some()
    }

    /// Calls a function as part of the test.
    #[pyo3(signature = (function, /, *arguments, **keywords))]
    fn run<'py>(
        slf: &Bound<'py, Self>,
        function: Bound<'py, PyAny>,
        arguments: Bound<'py, PyTuple>,
        keywords: Option<Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let variable = variable(slf.py())?;
        let token = variable.call_method1(intern!(slf.py(), "set"), (slf,))?;
        let call = || function.call(arguments, keywords.as_ref());
        let result = slf.get().0.run(call);
        variable.call_method1(intern!(slf.py(), "reset"), (token,))?;
        result
    }
}

/// The context variable; its value is None outside of tests.
pub(crate) fn variable(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static VARIABLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let variable = VARIABLE.get_or_try_init(py, || {
        let default = PyDict::new(py);
        default.set_item("default", py.None())?;
        let class = py.import("contextvars")?.getattr("ContextVar")?;
        PyResult::Ok(class.call(("pyo3_aio_test",), Some(&default))?.unbind())
    })?;
    Ok(variable.bind(py))
}

/// The value of the context variable, here and now.
pub(crate) fn of_context(py: Python<'_>) -> PyResult<Option<Bound<'_, CurrentTest>>> {
    let test = variable(py)?.call_method0(intern!(py, "get"))?;
    Ok(test.cast_into().ok())
}

/// The value of the context variable in a context.
pub(crate) fn of<'py>(context: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, CurrentTest>>> {
    let py = context.py();
    let test = context.call_method1(intern!(py, "get"), (variable(py)?,))?;
    Ok(test.cast_into().ok())
}

/// The test of the context, or else of the thread; that may be none.
pub(crate) fn here(py: Python<'_>) -> PyResult<Bound<'_, CurrentTest>> {
    match of_context(py)? {
        Some(test) => Ok(test),
        None => Bound::new(py, CurrentTest(capture::Context::current())),
    }
}

/// The test that the context of these locals belongs to, or None.
pub(crate) fn of_locals<'py>(py: Python<'py>, locals: &TaskLocals) -> PyResult<Bound<'py, PyAny>> {
    locals
        .context(py)
        .call_method1(intern!(py, "get"), (variable(py)?,))
}

/// Makes the context of this thread that of the test that it works for, as long as the thread keeps its state in Python,
/// and returns locals with a copy of it.
///
/// Calls such as `asyncio.run_coroutine_threadsafe` take the thread's context along.
pub(crate) fn enter_context(py: Python<'_>, locals: &TaskLocals) -> PyResult<TaskLocals> {
    let test = CurrentTest(capture::Context::current());
    variable(py)?.call_method1(intern!(py, "set"), (test,))?;
    let context = crate::python::contextvars::copy_current(py)?;
    Ok(locals.clone().with_context(context))
}

/// Returns locals whose context belongs to no test, for what all of them share: the tasks there are no leaks of the test
/// that happens to run.
pub(crate) fn give_context_of_all(py: Python<'_>, locals: &TaskLocals) -> PyResult<TaskLocals> {
    let context = crate::python::contextvars::copy_current(py)?;
    let set = variable(py)?.getattr(intern!(py, "set"))?;
    let no_test = CurrentTest(capture::Context::default());
    context.call_method1(intern!(py, "run"), (set, no_test))?;
    Ok(locals.clone().with_context(context))
}
