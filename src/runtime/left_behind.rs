//! What a fork does to runtimes whose threads cannot be started again.

#[cfg(any(feature = "async-std-runtime", feature = "smol-runtime"))]
use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

#[cfg(any(feature = "async-std-runtime", feature = "smol-runtime"))]
use crate::bridge::generation;

/// The process that first used async-std or smol. They are one here: the reactor behind both is the same, and a thread of
/// one that the child does not have may have it locked when the other asks for it.
#[cfg(any(feature = "async-std-runtime", feature = "smol-runtime"))]
pub(crate) static HOME: Home = Home {
    used_in: AtomicU32::new(0),
};

/// Remembers the process that first used a runtime.
#[cfg(any(feature = "async-std-runtime", feature = "smol-runtime"))]
pub(crate) struct Home {
    /// Its generation plus one; 0 while nobody has used it.
    used_in: AtomicU32,
}

#[cfg(any(feature = "async-std-runtime", feature = "smol-runtime"))]
impl Home {
    /// Notes that the runtime is used.
    pub(crate) fn enter(&self) {
        if self.used_in.load(Ordering::Relaxed) == 0 {
            self.used_in.store(generation() + 1, Ordering::Relaxed);
        }
    }

    /// Fails in a child of the process that used the runtime.
    ///
    /// # Errors
    ///
    /// `RuntimeError` that names the way out.
    pub(crate) fn ensure_here(&self, runtime: &str) -> PyResult<()> {
        let used_in = self.used_in.load(Ordering::Relaxed);
        if used_in == 0 || used_in == generation() + 1 {
            return Ok(());
        }
        Err(left_behind(runtime))
    }
}

/// The error for a runtime that has no threads in this process.
pub(crate) fn left_behind(runtime: &str) -> PyErr {
    PyRuntimeError::new_err(format!(
        "the threads of {runtime} were left behind by fork(): start the child with multiprocessing's \"spawn\" or \
         \"forkserver\" method, or fork before the runtime is first used"
    ))
}
