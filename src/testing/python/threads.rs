//! Runs threads and pool work that Python code starts in the capture scope of the test that the code runs for.

use pyo3::ffi::c_str;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::current_test;

/// Patches `threading.Thread.start` and `ThreadPoolExecutor.submit`. Returns a Python function that restores them.
pub(crate) fn install(py: Python<'_>) -> PyResult<Py<PyAny>> {
    let module = PyModule::from_code(py, SOURCE, c"threads.py", c"pyo3_aio_threads")?;
    let current = PyCFunction::new_closure(py, None, None, |arguments, _| {
        current_test::here(arguments.py()).map(Bound::unbind)
    })?;
    Ok(module.call_method1("install", (current,))?.unbind())
}

const SOURCE: &std::ffi::CStr = c_str!(include_str!("threads.py"));
