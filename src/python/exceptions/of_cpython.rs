//! Errors that the running CPython raises, for misuse of objects that look like its own.
//!
//! Their texts change from version to version (3.15 says "`'int' object can't be awaited`" where 3.14 says "`object int can't
//! be used in 'await' expression`"). So none is copied here: Python code, compiled at the first misuse, does the same to an
//! object of CPython's (`of_cpython.py`), and the error of that is raised.

use pyo3::call::PyCallArgs;
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

/// A misuse that takes no arguments.
#[derive(Clone, Copy)]
pub(crate) struct Misuse(&'static str);

impl Misuse {
    pub(crate) const STEP_EXECUTING_COROUTINE: Self = Self("step_executing_coroutine");
    pub(crate) const STEP_FINISHED_COROUTINE: Self = Self("step_finished_coroutine");
    pub(crate) const SEND_TO_UNSTARTED_COROUTINE: Self = Self("send_to_unstarted_coroutine");
    pub(crate) const STEP_EXECUTING_ANEXT: Self = Self("step_executing_anext");
    pub(crate) const STEP_FINISHED_ANEXT: Self = Self("step_finished_anext");
    pub(crate) const STEP_FINISHED_ATHROW: Self = Self("step_finished_athrow");
    pub(crate) const SEND_TO_UNSTARTED_GENERATOR: Self = Self("send_to_unstarted_generator");
    pub(crate) const ANEXT_OF_RUNNING_GENERATOR: Self = Self("anext_of_running_generator");
    pub(crate) const ACLOSE_OF_RUNNING_GENERATOR: Self = Self("aclose_of_running_generator");
    pub(crate) const ATHROW_OF_RUNNING_GENERATOR: Self = Self("athrow_of_running_generator");
    pub(crate) const RESULT_OF_PENDING_FUTURE: Self = Self("result_of_pending_future");
    pub(crate) const EXCEPTION_OF_PENDING_FUTURE: Self = Self("exception_of_pending_future");
    pub(crate) const SETTLE_SETTLED_FUTURE: Self = Self("settle_settled_future");
    pub(crate) const STEP_FUTURE_THAT_NOBODY_TOOK: Self = Self("step_future_that_nobody_took");

    /// Returns the error that CPython raises for it.
    #[cold]
    pub(crate) fn error(self, py: Python<'_>) -> PyErr {
        error_of(py, self.0, ())
    }
}

/// Returns the RuntimeError that replaces a StopIteration or StopAsyncIteration which an asynchronous generator raises.
pub(crate) fn stop_in_generator(py: Python<'_>, error: PyErr) -> PyErr {
    error_of(py, "raise_stop_in_generator", (error,))
}

/// Returns the RuntimeError that replaces a StopIteration which a coroutine raises.
pub(crate) fn stop_in_coroutine(py: Python<'_>, error: PyErr) -> PyErr {
    error_of(py, "raise_stop_in_coroutine", (error,))
}

/// Returns the error of `await object`, for an object that is not awaitable.
pub(crate) fn not_awaitable(object: &Bound<'_, PyAny>) -> PyErr {
    error_of(object.py(), "await_object", (object,))
}

/// Returns the error of awaiting an object of `class` whose `__await__` has returned `iterator`, which is no iterator.
pub(crate) fn not_an_iterator(class: &Bound<'_, PyType>, iterator: &Bound<'_, PyAny>) -> PyErr {
    error_of(class.py(), "await_object_with_iterator", (class, iterator))
}

/// Returns the error of an `async for` over an iterator whose `__anext__` has returned an object of `class`, which is not
/// awaitable.
pub(crate) fn not_an_item(class: &Bound<'_, PyType>) -> PyErr {
    error_of(class.py(), "async_for_item", (class,))
}

/// Returns what `throw(*arguments)` raises: an exception made of the arguments, or an error about these.
pub(crate) fn exception_of_throw<'py>(py: Python<'py>, arguments: impl PyCallArgs<'py>) -> PyErr {
    let thrown = call(py, "finished_generator", ())
        .and_then(|generator| generator.call_method1("throw", arguments));
    thrown.expect_err("a generator without code raises what it gets")
}

/// Returns the exception that an `asyncio.Future` has after `set_exception(exception)`.
///
/// # Errors
///
/// The errors of `set_exception`.
pub(crate) fn exception_of_failed_future(exception: &Bound<'_, PyAny>) -> PyResult<PyErr> {
    let set = call(exception.py(), "exception_of_failed_future", (exception,));
    set.map(PyErr::from_value)
        .map_err(|error| without_traceback(exception.py(), error))
}

fn error_of<'py>(py: Python<'py>, function: &str, arguments: impl PyCallArgs<'py>) -> PyErr {
    match call(py, function, arguments) {
        Err(error) => without_traceback(py, error),
        Ok(_) => PyRuntimeError::new_err(format!(
            "this Python takes what pyo3-aio refuses: {function}"
        )),
    }
}

/// Removes the frames of the Python code.
fn without_traceback(py: Python<'_>, error: PyErr) -> PyErr {
    let method = intern!(py, "with_traceback");
    match error.value(py).call_method1(method, (py.None(),)) {
        Ok(bare) => PyErr::from_value(bare),
        Err(_) => error,
    }
}

fn call<'py>(
    py: Python<'py>,
    function: &str,
    arguments: impl PyCallArgs<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    static FUNCTIONS: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let functions = FUNCTIONS.get_or_try_init(py, || {
        let globals = PyDict::new(py);
        globals.set_item("__name__", "pyo3_aio")?;
        py.run(CODE, Some(&globals), None)?;
        PyResult::Ok(globals.unbind())
    })?;
    let function = functions.bind(py).as_any().get_item(function)?;
    function.call1(arguments)
}

const CODE: &std::ffi::CStr = {
    let code = concat!(include_str!("of_cpython.py"), "\0");
    match std::ffi::CStr::from_bytes_with_nul(code.as_bytes()) {
        Ok(code) => code,
        Err(_) => panic!("the code has a null byte"),
    }
};
