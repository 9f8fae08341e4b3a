//! The event loop that the tests of one run share.

use std::sync::OnceLock;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use super::output;
use crate::TaskLocals;

/// The loop of one run; it is there once Python has started.
#[derive(Default)]
pub(super) struct Session {
    locals: OnceLock<TaskLocals>,
}

impl Session {
    /// Tells the tests which loop they run beside.
    pub(super) fn begin(&self, locals: TaskLocals) {
        // A session begins once; a second loop would be a bug of this module, and the first stays.
        let _ = self.locals.set(locals);
    }

    /// Returns the loop, with context variables that the test has for itself.
    pub(super) fn locals_of_test(&self) -> PyResult<TaskLocals> {
        let Some(locals) = self.locals.get() else {
            return Err(PyRuntimeError::new_err(
                "the test was started without an event loop",
            ));
        };
        Python::attach(|py| output::locals_of_current_test(py, locals))
    }
}
