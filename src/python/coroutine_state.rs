//! The state of an object that Python steps: a coroutine, or what a generator returns for one item.
//!
//! Guarantees:
//! - One step at a time; whoever comes in between gets an error.
//! - A step that does not suspend the object finishes it, whether it returned, raised or panicked.
//! - No Python code runs, and nothing is dropped, while the state is locked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::python::step::Step;

/// What a kind of object is suspended with, and its texts for misuse, which are CPython's.
pub(crate) trait Suspension {
    /// For a step within a step.
    const EXECUTING: &'static str;
    /// For a step after the last.
    const FINISHED: &'static str;
}

/// The state of one object.
pub(crate) struct CoroutineState<S> {
    /// `None` in a step, and when it is finished.
    suspended: Mutex<Option<S>>,
    /// Which of the two.
    executing: AtomicBool,
}

impl<S: Suspension> CoroutineState<S> {
    pub(crate) fn new(suspended: S) -> Self {
        Self {
            suspended: Mutex::new(Some(suspended)),
            executing: AtomicBool::new(false),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<S>> {
        // Only moves, and looks that do no more, happen under this lock.
        self.suspended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a step, if the object is suspended.
    #[inline]
    fn begin(&self) -> Option<(S, Executing<'_>)> {
        let mut suspended_state = self.lock();
        let suspended = suspended_state.take()?;
        self.executing.store(true, Ordering::Relaxed);
        Some((suspended, Executing(&self.executing)))
    }

    /// Whether somebody is in a step, or was when it could not be begun.
    fn is_busy(&self) -> bool {
        let suspended_state = self.lock();
        suspended_state.is_some() || self.is_executing()
    }

    /// Makes a step with what the object is suspended with; if that yields it has to [`suspend`](Self::suspend) again.
    ///
    /// # Errors
    ///
    /// Those of the step, and the two of misuse.
    #[inline]
    pub(crate) fn step(&self, step: impl FnOnce(S) -> PyResult<Step>) -> PyResult<Step> {
        let Some((suspended, executing)) = self.begin() else {
            return Err(self.misuse());
        };
        let stepped = step(suspended);
        if matches!(stepped, Ok(Step::Yielded(_))) {
            // It is suspended, and another thread may be in a step already.
            std::mem::forget(executing);
        }
        stepped
    }

    #[cold]
    fn misuse(&self) -> PyErr {
        if self.is_busy() {
            PyValueError::new_err(S::EXECUTING)
        } else {
            PyRuntimeError::new_err(S::FINISHED)
        }
    }

    /// Suspends the object from within a step, which must yield then: after an error the object would be suspended still.
    pub(crate) fn suspend(&self, suspended: S) {
        let mut suspended_state = self.lock();
        self.executing.store(false, Ordering::Relaxed);
        *suspended_state = Some(suspended);
    }

    /// Finishes the object between two steps; `give_up` gets what it was suspended with.
    ///
    /// # Errors
    ///
    /// That of `give_up`, and that of a step within a step.
    pub(crate) fn close(&self, give_up: impl FnOnce(S) -> PyResult<()>) -> PyResult<()> {
        match self.begin() {
            Some((suspended, _executing)) => give_up(suspended),
            None if self.is_busy() => Err(PyValueError::new_err(S::EXECUTING)),
            None => Ok(()),
        }
    }

    pub(crate) fn is_executing(&self) -> bool {
        self.executing.load(Ordering::Relaxed)
    }

    /// Looks at what the object is suspended with, unless a step is under way or over.
    pub(crate) fn inspect<T>(&self, inspect: impl FnOnce(&S) -> T) -> Option<T> {
        // A garbage collection must not wait, and whoever has the lock is running: nothing here is garbage then.
        self.suspended.try_lock().ok()?.as_ref().map(inspect)
    }

    /// Takes out what the object is suspended with, for its drop.
    pub(crate) fn take(&mut self) -> Option<S> {
        let suspended = self.suspended.get_mut();
        suspended.unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Finishes the object at the end of a step.
struct Executing<'a>(&'a AtomicBool);

impl Drop for Executing<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}
