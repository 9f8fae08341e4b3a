//! The test that Python code runs for.
//!
//! A thread-local variable of the harness tells Rust code which test it runs for. Coroutines of many tests share the event
//! loop's thread. Each finds its test in a context variable, which it inherits from the test that started it (PEP 567).

use libtest_async::capture;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

use crate::TaskLocals;

/// The value of the context variable.
#[pyclass(frozen, module = "pyo3_aio.testing")]
pub(crate) struct CurrentTest(pub(crate) capture::Context);

#[pymethods]
impl CurrentTest {
    /// Whether there is a test: code that all tests share has none.
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

/// Returns the context variable; its value is None outside of tests.
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

/// Returns the value of the context variable in the current context.
pub(crate) fn of_context(py: Python<'_>) -> PyResult<Option<Bound<'_, CurrentTest>>> {
    let test = variable(py)?.call_method0(intern!(py, "get"))?;
    Ok(test.cast_into().ok())
}

/// Returns the value of the context variable in a context.
pub(crate) fn of<'py>(context: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, CurrentTest>>> {
    let py = context.py();
    let test = context.call_method1(intern!(py, "get"), (variable(py)?,))?;
    Ok(test.cast_into().ok())
}

/// Returns the test of the current context, or else of this thread, which may be none.
pub(crate) fn here(py: Python<'_>) -> PyResult<Bound<'_, CurrentTest>> {
    match of_context(py)? {
        Some(test) => Ok(test),
        None => Bound::new(py, CurrentTest(capture::Context::current())),
    }
}

/// Returns the test that the context of these locals belongs to, or None.
pub(crate) fn of_locals<'py>(py: Python<'py>, locals: &TaskLocals) -> PyResult<Bound<'py, PyAny>> {
    locals
        .context(py)
        .call_method1(intern!(py, "get"), (variable(py)?,))
}

/// Sets the context variable of this thread to the test that the thread works for, and returns locals with a copy of the
/// thread's context.
///
/// The value holds as long as [`ThreadState`](super::thread_state::ThreadState) keeps the thread's state. Calls such as
/// `asyncio.run_coroutine_threadsafe` copy the thread's context.
pub(crate) fn enter_context(py: Python<'_>, locals: &TaskLocals) -> PyResult<TaskLocals> {
    let test = CurrentTest(capture::Context::current());
    variable(py)?.call_method1(intern!(py, "set"), (test,))?;
    let context = crate::python::contextvars::copy_current(py)?;
    Ok(locals.clone().with_context(context))
}

/// Returns locals whose context belongs to no test, for hooks and shared values. Their tasks are not leaks of the test that
/// happens to run.
pub(crate) fn shared_locals(py: Python<'_>, locals: &TaskLocals) -> PyResult<TaskLocals> {
    let context = crate::python::contextvars::copy_current(py)?;
    let set = variable(py)?.getattr(intern!(py, "set"))?;
    let no_test = CurrentTest(capture::Context::default());
    context.call_method1(intern!(py, "run"), (set, no_test))?;
    Ok(locals.clone().with_context(context))
}
