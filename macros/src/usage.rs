//! The arguments that several attributes take.

/// An argument as messages show it: an example of its use, `name = "value"` or a bare `name`.
pub(crate) type Usage = &'static str;

/// The path of the library, which every attribute takes.
pub(crate) const CRATE: Usage = "crate = \"::pyo3_aio\"";

pub(crate) const CURRENT_THREAD: Usage = "flavor = \"current_thread\"";
pub(crate) const MULTI_THREAD: Usage = "flavor = \"multi_thread\"";
pub(crate) const WORKER_THREADS: Usage = "worker_threads = 2";
pub(crate) const START_PAUSED: Usage = "start_paused = true";
