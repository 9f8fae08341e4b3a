//! The state of an object that Python steps: a coroutine, or what a generator returns for one item.
//!
//! Guarantees:
//! - One step at a time; whoever comes in between gets an error.
//! - A step that does not suspend the object finishes it, whether it returned, raised or panicked.
//! - No Python code runs, and nothing is dropped, while the state is locked.

use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::slots::Step;

/// What a kind of object is suspended with, and its texts for misuse, which are CPython's.
pub(crate) trait Suspended {
    /// For a step within a step.
    const EXECUTING: &'static str;
    /// For a step after the last.
    const FINISHED: &'static str;
}

/// The state of one object.
pub(crate) struct Steppable<S> {
    phase: Mutex<Phase<S>>,
}

enum Phase<S> {
    Suspended(S),
    /// Somebody is in a step.
    Executing,
    Finished,
}

impl<S: Suspended> Steppable<S> {
    pub(crate) fn new(suspended: S) -> Self {
        Self {
            phase: Mutex::new(Phase::Suspended(suspended)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Phase<S>> {
        // Only moves, and looks that do no more, happen under this lock.
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    fn replace(&self, phase: Phase<S>) -> Phase<S> {
        std::mem::replace(&mut *self.lock(), phase)
    }

    /// Makes a step with what the object is suspended with; if that yields it has to [`suspend`](Self::suspend) again.
    ///
    /// # Errors
    ///
    /// Those of the step, and the two of misuse.
    #[inline]
    pub(crate) fn step(&self, step: impl FnOnce(S) -> PyResult<Step>) -> PyResult<Step> {
        let suspended = match self.replace(Phase::Executing) {
            Phase::Suspended(suspended) => suspended,
            Phase::Executing => return Err(PyValueError::new_err(S::EXECUTING)),
            Phase::Finished => {
                self.replace(Phase::Finished);
                return Err(PyRuntimeError::new_err(S::FINISHED));
            }
        };
        let executing = Executing(self);
        let stepped = step(suspended);
        if matches!(stepped, Ok(Step::Yielded(_))) {
            std::mem::forget(executing);
        }
        stepped
    }

    /// Suspends the object from within a step.
    pub(crate) fn suspend(&self, suspended: S) {
        self.replace(Phase::Suspended(suspended));
    }

    /// Finishes the object between two steps; `give_up` gets what it was suspended with.
    ///
    /// # Errors
    ///
    /// That of `give_up`, and that of a step within a step.
    pub(crate) fn close(&self, give_up: impl FnOnce(S) -> PyResult<()>) -> PyResult<()> {
        match self.replace(Phase::Executing) {
            Phase::Executing => Err(PyValueError::new_err(S::EXECUTING)),
            Phase::Finished => {
                self.replace(Phase::Finished);
                Ok(())
            }
            Phase::Suspended(suspended) => {
                let _executing = Executing(self);
                give_up(suspended)
            }
        }
    }

    /// Makes a finished object a new one; nobody else may have it.
    pub(crate) fn restart(&self, suspended: S) {
        self.replace(Phase::Suspended(suspended));
    }

    pub(crate) fn is_executing(&self) -> bool {
        matches!(*self.lock(), Phase::Executing)
    }

    /// Looks at what the object is suspended with, unless a step is under way or over.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&S) -> T) -> Option<T> {
        // A garbage collection must not wait, and whoever has the lock is running: nothing here is garbage then.
        match &*self.phase.try_lock().ok()? {
            Phase::Suspended(suspended) => Some(look(suspended)),
            Phase::Executing | Phase::Finished => None,
        }
    }

    /// Takes out what the object is suspended with, for its drop.
    pub(crate) fn take(&mut self) -> Option<S> {
        match self.replace(Phase::Finished) {
            Phase::Suspended(suspended) => Some(suspended),
            Phase::Executing | Phase::Finished => None,
        }
    }
}

/// Finishes the object at the end of a step.
struct Executing<'a, S: Suspended>(&'a Steppable<S>);

impl<S: Suspended> Drop for Executing<'_, S> {
    #[inline]
    fn drop(&mut self) {
        self.0.replace(Phase::Finished);
    }
}
