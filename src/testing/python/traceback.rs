//! Python exceptions as text.

use pyo3::prelude::*;

/// Formats an exception as Python prints it: the traceback with causes, notes and exception groups.
///
/// `traceback.format_exception` takes one argument since Python 3.10; with three it works on Python 3.9, too.
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
