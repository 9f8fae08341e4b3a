//! The process that has the reactor of async-std and smol: a forked child cannot use it.

use std::sync::atomic::{AtomicU32, Ordering};

use pyo3::prelude::*;

use crate::bridge::generation;
use crate::runtime::errors::left_behind_by_fork;

/// The process that first used async-std or smol.
///
/// Both poll the same reactor (the crate async-io). The parent's thread that drives it does not exist in a child, and may
/// have had it locked at the moment of the fork, so a child of a process that has used either can use neither.
pub(crate) static REACTOR_PROCESS: ReactorProcess = ReactorProcess {
    first_use: AtomicU32::new(0),
};

/// Remembers a process by the number of forks that led to it.
pub(crate) struct ReactorProcess {
    /// The generation of the process plus one; 0 before the first use.
    first_use: AtomicU32,
}

impl ReactorProcess {
    /// Notes that this process uses the reactor.
    pub(crate) fn note_use(&self) {
        if self.first_use.load(Ordering::Relaxed) == 0 {
            self.first_use.store(generation() + 1, Ordering::Relaxed);
        }
    }

    /// Checks that the reactor was not first used by a parent of this process.
    ///
    /// # Errors
    ///
    /// `RuntimeError` that names the way out.
    pub(crate) fn ensure_not_forked(&self, runtime: &str) -> PyResult<()> {
        let first_use = self.first_use.load(Ordering::Relaxed);
        if first_use == 0 || first_use == generation() + 1 {
            return Ok(());
        }
        Err(left_behind_by_fork(runtime))
    }
}
