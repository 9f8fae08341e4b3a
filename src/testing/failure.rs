//! Failures of tests, in the form in which they are shown.

use std::any::Any;
use std::fmt::Debug;

use libtest_async::Failed;
use pyo3::prelude::*;

use super::place::Source;

/// Why a test failed that did not panic.
pub enum Failure {
    /// A Python exception, shown with the traceback that Python would print.
    Python(PyErr),
    /// Another error, shown in its debug form.
    Rust(Failed),
}

impl Failure {
    /// Tells a Python exception from other errors.
    pub(super) fn new<E: Debug + 'static>(error: E) -> Self {
        let mut error = Some(error);
        match (&mut error as &mut dyn Any)
            .downcast_mut::<Option<PyErr>>()
            .and_then(Option::take)
        {
            Some(exception) => Self::Python(exception),
            None => Self::Rust(Failed::from_debug(
                &error.expect("only a Python exception is taken out"),
            )),
        }
    }

    /// Formats the failure for the report, which puts `Error: ` before it.
    pub(super) fn into_failed(self, source: Option<Source>) -> Failed {
        match self {
            Self::Rust(failed) => failed,
            Self::Python(exception) => {
                let mut text = Python::attach(|py| {
                    let text = format_exception(py, &exception);
                    // Here, where what Python says of the things that go with it belongs to the test.
                    drop(exception);
                    text
                });
                if let Some(Source { file, line, .. }) = source {
                    text = format!("{text}\nin the test at {file}:{line}");
                }
                text.into()
            }
        }
    }
}

/// Returns what Python would print: the traceback with causes, notes and exception groups.
///
/// Python 3.9 takes three arguments, which later versions still do.
pub(super) fn format_exception(py: Python<'_>, exception: &PyErr) -> String {
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
