//! Python exceptions as text.

use pyo3::prelude::*;

/// Returns what Python would print: the traceback with causes, notes and exception groups.
///
/// Python 3.9 takes three arguments, which later versions still do.
pub(crate) fn format_exception(py: Python<'_>, exception: &PyErr) -> String {
    let format = || -> PyResult<String> {
        let lines = py.import("traceback")?.call_method1(
            "format_exception",
            (
                exception.get_type(py),
                exception.value(py),
                exception.traceback(py),
            ),
        )?;
        Ok(lines.extract::<Vec<String>>()?.concat())
    };
    let text = format().unwrap_or_else(|_| exception.to_string());
    text.trim_end().to_owned()
}
