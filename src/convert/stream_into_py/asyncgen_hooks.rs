//! Python's hooks for asynchronous generators (`sys.set_asyncgen_hooks`), by which an event loop knows of them.
//!
//! The rules are CPython's (`async_gen_init_hooks` and `_PyGen_Finalize` in `genobject.c`).

use std::sync::OnceLock;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::calls;

/// The hooks that were in force when a generator was first used.
#[derive(Default)]
pub(crate) struct AsyncgenHooks {
    finalizer: OnceLock<Option<Py<PyAny>>>,
}

impl AsyncgenHooks {
    /// Makes hooks that have been called.
    pub(crate) fn finalized() -> Self {
        Self {
            finalizer: OnceLock::from(None),
        }
    }

    /// Calls the hook `firstiter` before the first use: the loop learns of the generator, to close it at its own end.
    pub(crate) fn call_firstiter(&self, generator: &Bound<'_, PyAny>) -> PyResult<()> {
        if self.finalizer.get().is_some() {
            return Ok(());
        }
        let py = generator.py();
        let Some(_call) = calls::enter(py) else {
            return Ok(());
        };
        let hooks = py
            .import(intern!(py, "sys"))?
            .call_method0(intern!(py, "get_asyncgen_hooks"))?;
        let finalizer: Option<Py<PyAny>> = hooks.getattr(intern!(py, "finalizer"))?.extract()?;
        if self.finalizer.set(finalizer).is_err() {
            // Another thread uses the generator too, and calls the hook.
            return Ok(());
        }
        let first = hooks.getattr(intern!(py, "firstiter"))?;
        if !first.is_none() {
            first.call1((generator,))?;
        }
        Ok(())
    }

    /// Calls the hook `finalizer` for a generator that is collected unfinished, with the object that `make` makes.
    pub(crate) fn call_finalizer<'py>(
        &self,
        py: Python<'py>,
        make: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
    ) {
        let (Some(Some(finalizer)), Some(_call)) = (self.finalizer.get(), calls::enter(py)) else {
            return;
        };
        let called = make().and_then(|generator| finalizer.call1(py, (generator,)));
        if let Err(error) = called {
            error.write_unraisable(py, Some(finalizer.bind(py)));
        }
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        match self.finalizer.get() {
            Some(finalizer) => visit.call(finalizer),
            None => Ok(()),
        }
    }
}
