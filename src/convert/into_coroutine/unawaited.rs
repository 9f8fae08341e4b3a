//! The warning of a coroutine that nobody has awaited.
//!
//! As in CPython (`_PyGen_Finalize` in `Objects/genobject.c`), a coroutine warns when it is dropped without a step, a `throw`
//! or a `close`. It does so in `tp_finalize`, where the warning may keep it. Where pyo3's slots are left alone it does so in
//! the drop: what the warning has as its source is then a closed copy, so that tracemalloc shows where the coroutine was
//! dropped instead of where it was made.

use std::sync::OnceLock;

use pyo3::ffi;
use pyo3::prelude::*;

use crate::convert::into_coroutine::RustCoroutine;
use crate::python::coroutine_state::CoroutineState;
use crate::python::exceptions::stash;
use crate::python::type_slots::{self, Finalize, FinalizeAll};
use crate::python::warnings::warn_unawaited;

impl RustCoroutine {
    /// Ends a coroutine that has not begun without the warning.
    pub(crate) fn close_unstarted(&self, py: Python<'_>) -> PyResult<()> {
        if self.state.has_begun() {
            return Ok(());
        }
        self.close(py)
    }

    /// Warns where there is no finalizer. Called for a coroutine that has not begun.
    pub(super) fn warn_in_drop(&mut self) {
        if type_slots::HAS_FINALIZERS {
            return;
        }
        let copy = Self {
            state: CoroutineState::finished(),
            settings: std::mem::take(&mut self.settings),
            origin: self.origin.take(),
        };
        Python::try_attach(|py| {
            stash::call_without_exception(py, || match Bound::new(py, copy) {
                Ok(copy) => warn_unawaited(&copy, copy.get().settings.name.qualname()),
                Err(error) => error.write_unraisable(py, None),
            });
        });
    }
}

impl Finalize for RustCoroutine {
    fn finalize(coroutine: &Bound<'_, Self>) {
        if !coroutine.get().state.has_begun() {
            warn_unawaited(coroutine, coroutine.get().settings.name.qualname());
        }
    }
}

impl FinalizeAll for RustCoroutine {
    fn has_finalizer(coroutine: &Bound<'_, Self>) -> bool {
        !coroutine.get().state.has_begun()
    }

    fn dealloc_of_pyo3() -> &'static OnceLock<ffi::destructor> {
        static DEALLOC: OnceLock<ffi::destructor> = OnceLock::new();
        &DEALLOC
    }
}
