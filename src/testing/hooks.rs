//! What `main!` does before and after the tests.

use pyo3::prelude::*;

/// A function that is called on the main thread, attached to Python.
type Hook = fn(Python<'_>) -> PyResult<()>;

/// The functions that stand in `main!`.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Hooks {
    /// Puts modules into the interpreter's table, before it starts.
    pub(super) add_modules: fn(),
    pub(super) setup: Hook,
    pub(super) teardown: Hook,
}

impl Hooks {
    /// Does nothing but add modules.
    #[must_use]
    pub fn new(add_modules: fn()) -> Self {
        Self {
            add_modules,
            setup: |_py| Ok(()),
            teardown: |_py| Ok(()),
        }
    }

    /// Calls a function before the first test.
    #[must_use]
    pub fn with_setup(self, setup: Hook) -> Self {
        Self { setup, ..self }
    }

    /// Calls a function after the last test.
    #[must_use]
    pub fn with_teardown(self, teardown: Hook) -> Self {
        Self { teardown, ..self }
    }
}
