//! Frames for coroutines of Rust, which have none: for `Task.get_stack`, `asyncio.capture_call_graph` (Python 3.14), and
//! whatever else follows `cr_await` and shows each `cr_frame`.

use pyo3::ffi::c_str;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyModule;

/// Returns a frame with the names, of a coroutine that is suspended. Its file is `<Rust>`, and its line means nothing.
pub(crate) fn named<'py>(
    py: Python<'py>,
    name: &str,
    qualname: &str,
) -> PyResult<Bound<'py, PyAny>> {
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let function = FUNCTION.get_or_try_init(py, || {
        let module = PyModule::from_code(py, SOURCE, c"coroutine_frame.py", c"pyo3_aio_frame")?;
        module.getattr("frame").map(Bound::unbind)
    })?;
    function.bind(py).call1((name, qualname))
}

const SOURCE: &std::ffi::CStr = c_str!(include_str!("coroutine_frame.py"));
