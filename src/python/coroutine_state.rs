//! The state of an object that Python steps by `send`, `throw` and `close`, as a coroutine.
//!
//! Any thread that is attached to Python may call these methods. The states ([`StepState`]) and who changes them:
//!
//! | from | to | by |
//! | --- | --- | --- |
//! | suspended | executing | the thread that begins a step, or a `close` |
//! | executing | suspended | that thread, within the step: [`CoroutineState::suspend`]; the step yields then |
//! | executing | finished | that thread, when a step that did not yield, or the `close`, is over: it returned, raised or panicked |
//!
//! The first step or `close` also marks the object as begun, for ever. A step of an object that is executing or finished raises what CPython raises (`gen_send_ex2` in
//! `Objects/genobject.c`), and changes nothing. No Python code runs, and nothing is dropped, while the state is locked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use crate::python::exceptions::of_cpython::Misuse;
use crate::python::step::Step;

/// A value that a kind of object is suspended with, and the misuses of such an object.
pub(crate) trait Suspension {
    /// A step within a step, which raises ValueError.
    const EXECUTING: Misuse;
    /// A step after the last one, which raises RuntimeError.
    const FINISHED: Misuse;
}

/// The state of one object, which is suspended with an `S`.
pub(crate) struct CoroutineState<S> {
    phase: Mutex<StepState<S>>,
    /// Whether a step or a `close` has begun. It guards nothing, and is read without the lock.
    has_begun: AtomicBool,
}

enum StepState<S> {
    /// No step has been made, or the last one has yielded.
    Suspended(S),
    /// A thread runs a step, and has taken the state out.
    Executing,
    Finished,
}

impl<S: Suspension> CoroutineState<S> {
    pub(crate) fn new(suspension: S) -> Self {
        Self {
            phase: Mutex::new(StepState::Suspended(suspension)),
            has_begun: AtomicBool::new(false),
        }
    }

    /// Makes the state of an object that is finished.
    pub(crate) fn finished() -> Self {
        Self {
            phase: Mutex::new(StepState::Finished),
            has_begun: AtomicBool::new(true),
        }
    }

    /// Makes a step with the value that the object is suspended with. A step that yields has to
    /// [`suspend`](Self::suspend) the object again.
    ///
    /// # Errors
    ///
    /// The errors of the step. `ValueError`: the object is executing. `RuntimeError`: it is finished.
    #[inline]
    pub(crate) fn step(&self, step: impl FnOnce(S) -> PyResult<Step>) -> PyResult<Step> {
        let (suspension, executing) = match self.begin() {
            Ok(begun) => begun,
            Err(refusal) => return Err(refusal.into_error::<S>()),
        };
        let stepped = step(suspension);
        if matches!(stepped, Ok(Step::Yielded(_))) {
            // The object is suspended, and another thread may be in its next step already.
            std::mem::forget(executing);
        }
        stepped
    }

    /// Suspends the object, within a step. The step has to yield then; any other result finishes the object and drops the
    /// value.
    pub(crate) fn suspend(&self, suspension: S) {
        *lock(&self.phase) = StepState::Suspended(suspension);
    }

    /// Finishes the object between two steps; `give_up` gets the value that it was suspended with. A finished object stays
    /// as it is.
    ///
    /// # Errors
    ///
    /// The errors of `give_up`. `ValueError`: the object is executing.
    pub(crate) fn close(&self, give_up: impl FnOnce(S) -> PyResult<()>) -> PyResult<()> {
        match self.begin() {
            Ok((suspension, _executing)) => give_up(suspension),
            Err(Refusal::Finished) => Ok(()),
            Err(refusal) => Err(refusal.into_error::<S>()),
        }
    }

    #[inline]
    fn begin(&self) -> Result<(S, Executing<'_, S>), Refusal> {
        let mut phase = lock(&self.phase);
        self.has_begun.store(true, Ordering::Relaxed);
        match std::mem::replace(&mut *phase, StepState::Executing) {
            StepState::Suspended(suspension) => Ok((suspension, Executing(&self.phase))),
            StepState::Executing => Err(Refusal::Executing),
            StepState::Finished => {
                *phase = StepState::Finished;
                Err(Refusal::Finished)
            }
        }
    }

    /// Whether a step or a `close` has begun.
    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed)
    }

    /// Whether a thread is in a step.
    pub(crate) fn is_executing(&self) -> bool {
        matches!(*lock(&self.phase), StepState::Executing)
    }

    /// Whether the last step has yielded.
    pub(crate) fn is_suspended(&self) -> bool {
        self.has_begun() && matches!(*lock(&self.phase), StepState::Suspended(_))
    }

    /// Shows the value that the object is suspended with. `None` while it is executing and when it is finished.
    pub(crate) fn inspect<T>(&self, inspect: impl FnOnce(&S) -> T) -> Option<T> {
        // The garbage collector must not wait. Whoever has the lock is running, so the object is not garbage then.
        match &*self.phase.try_lock().ok()? {
            StepState::Suspended(suspension) => Some(inspect(suspension)),
            StepState::Executing | StepState::Finished => None,
        }
    }

    /// Takes the value out that the object is suspended with, when the object is dropped.
    pub(crate) fn take(&mut self) -> Option<S> {
        let phase = self.phase.get_mut().unwrap_or_else(PoisonError::into_inner);
        match std::mem::replace(phase, StepState::Finished) {
            StepState::Suspended(suspension) => Some(suspension),
            StepState::Executing | StepState::Finished => None,
        }
    }
}

fn lock<S>(phase: &Mutex<StepState<S>>) -> MutexGuard<'_, StepState<S>> {
    // Only moves and comparisons happen under this lock.
    phase.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The reason why a step cannot begin.
enum Refusal {
    Executing,
    Finished,
}

impl Refusal {
    #[cold]
    fn into_error<S: Suspension>(self) -> PyErr {
        let misuse = match self {
            Self::Executing => S::EXECUTING,
            Self::Finished => S::FINISHED,
        };
        Python::attach(|py| misuse.error(py))
    }
}

/// A step under way; its end finishes the object.
struct Executing<'a, S>(&'a Mutex<StepState<S>>);

impl<S> Drop for Executing<'_, S> {
    #[inline]
    fn drop(&mut self) {
        let before = std::mem::replace(&mut *lock(self.0), StepState::Finished);
        drop(before);
    }
}
