//! Failures of tests, and their text in the report.

use std::any::Any;
use std::error::Error;
use std::fmt::Debug;

use libtest_async::Failed;
use pyo3::prelude::*;

use crate::testing::python::traceback::format_exception;
use crate::testing::source_file::SourceLocation;

/// The error of a test that failed without a panic.
pub enum TestFailure {
    /// A Python exception, shown with its traceback.
    Python(PyErr),
    /// Another error, shown in its debug form.
    Rust(Failed),
}

impl TestFailure {
    /// Converts an error that a test has returned: `PyErr`, a box that holds one, or any other error.
    pub(crate) fn new<E: Debug + 'static>(error: E) -> Self {
        let mut error = Some(error);
        if let Some(exception) = take_exception(&mut error) {
            return Self::Python(exception);
        }
        let error = error.expect("only a Python exception is taken out");
        Self::Rust(Failed::from_debug(&error))
    }

    /// Formats the failure for the report, which puts `Error: ` before it.
    pub(crate) fn into_failed(self, source: Option<SourceLocation>) -> Failed {
        match self {
            Self::Rust(failed) => failed,
            Self::Python(exception) => {
                let mut text = Python::attach(|py| {
                    let text = format_exception(py, &exception);
                    // Dropped here, while the test is current: destructors of the traceback's objects may print.
                    drop(exception);
                    text
                });
                if let Some(SourceLocation { file, line, .. }) = source {
                    text = format!("{text}\nin the test at {file}:{line}");
                }
                text.into()
            }
        }
    }
}

/// Takes the exception out of an `Option<PyErr>`, or of an `Option` of a box that holds one.
fn take_exception(error: &mut dyn Any) -> Option<PyErr> {
    if let Some(error) = error.downcast_mut::<Option<PyErr>>() {
        return error.take();
    }
    if let Some(error) = error.downcast_mut::<Option<Box<dyn Error + Send + Sync>>>() {
        let is_exception = |error: &mut Box<dyn Error + Send + Sync>| error.is::<PyErr>();
        let exception = error.take_if(is_exception)?.downcast();
        return exception.ok().map(|exception| *exception);
    }
    let error = error.downcast_mut::<Option<Box<dyn Error>>>()?;
    let is_exception = |error: &mut Box<dyn Error>| error.is::<PyErr>();
    let exception = error.take_if(is_exception)?.downcast();
    exception.ok().map(|exception| *exception)
}
