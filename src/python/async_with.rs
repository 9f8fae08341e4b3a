//! The statement `async with`.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

/// Returns a coroutine function `async_with(manager, body)` that awaits `body(entered)` within `async with`.
///
/// It is Python's, so that the rules are those of the running Python: where the methods are looked up, what `__aexit__` gets,
/// what it suppresses, and which tracebacks and contexts exceptions have.
pub(crate) fn async_with(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let code = c"
async def async_with(manager, body):
    try:
        async with manager as entered:
            await body(entered)
    finally:
        # A traceback keeps this frame.
        del body
";
    let function = FUNCTION.get_or_try_init(py, || {
        let names = PyDict::new(py);
        py.run(code, Some(&names), None)?;
        names.as_any().get_item("async_with").map(Bound::unbind)
    })?;
    Ok(function.bind(py))
}
