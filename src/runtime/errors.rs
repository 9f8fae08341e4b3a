//! The errors of a runtime that cannot do what it is asked for.

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// The error for a thread that would wait for a future of a runtime while it polls another one of that runtime.
pub(crate) fn would_wait_for_itself(runtime: &str) -> PyErr {
    PyRuntimeError::new_err(format!(
        "{runtime} is polling a Rust future on this thread, and would wait for itself: call what waits, or runs an event \
         loop, on another thread"
    ))
}

/// The error for a forked child in which the runtime has no threads.
pub(crate) fn left_behind_by_fork(runtime: &str) -> PyErr {
    PyRuntimeError::new_err(format!(
        "the threads of {runtime} were left behind by fork(): start the child with multiprocessing's \"spawn\" or \
         \"forkserver\" method, or fork before the runtime is first used"
    ))
}
