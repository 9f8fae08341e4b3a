//! What a [`PyFuture`](crate::convert::into_future::PyFuture), its loop's thread and the Python task's callback share.
//!
//! Guarantees:
//! - The awaitable becomes a task, is closed or is cancelled on the loop's thread alone.
//! - The output is there for whoever polls. Where nobody will, it is dropped on the loop's thread, and an error is told to
//!   the loop: by its task, if that still has it.
//! - No lock is held while Python code runs, a Python object is dropped, or a waker is called.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;

use crate::bridge::{Deliver, Hub, Registration, closed_error, left_behind_error, shutdown_error};
use crate::instrument::Surroundings;
use crate::task_locals::TaskLocals;

/// What the future, the loop and the task's callback share.
pub(crate) struct SharedFuture {
    state: Mutex<FutureState>,
    /// Given up when there is an output.
    registration: Registration,
    /// Those of the code that made the future.
    surroundings: Surroundings,
}

pub(crate) struct FutureState {
    pub(crate) stage: TaskStage,
    pub(crate) waker: Option<Waker>,
    pub(crate) interest: Interest,
    /// The user has shut the bridge down: whoever polls cancels the task, and gets an error.
    pub(crate) is_shut_down: bool,
}

/// What has become of the Rust future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    /// Somebody polls it.
    Wanted,
    /// The task is to be cancelled.
    Dropped,
    /// The task runs on.
    Detached,
}

pub(crate) enum TaskStage {
    /// On its way to the loop.
    New(Py<PyAny>, TaskLocals),
    /// The loop's thread is making a task of it.
    Starting,
    /// A task that was made of the awaitable, or a future of the loop that it was already.
    Started(Py<PyAny>, Origin),
    Done(PyResult<Py<PyAny>>),
    /// The output has been taken, or nobody wants it.
    Gone,
}

/// Who made a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Ours,
    Theirs,
}

impl fmt::Debug for SharedFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedFuture").finish_non_exhaustive()
    }
}

impl SharedFuture {
    /// Sends the awaitable to its loop.
    ///
    /// # Errors
    ///
    /// `RuntimeError: Event loop is closed`.
    pub(crate) fn start(
        hub: Arc<Hub>,
        awaitable: &Bound<'_, PyAny>,
        locals: &TaskLocals,
    ) -> PyResult<Arc<Self>> {
        let shared = Arc::new(Self {
            state: Mutex::new(FutureState {
                stage: TaskStage::New(awaitable.clone().unbind(), locals.clone()),
                waker: None,
                interest: Interest::Wanted,
                is_shut_down: false,
            }),
            registration: Registration::new(hub),
            surroundings: Surroundings::current(awaitable.py()),
        });
        let item: Weak<dyn Deliver> = Arc::<Self>::downgrade(&shared);
        if !shared.registration.enter(item) {
            return Err(closed_error());
        }
        shared.hub().push(Arc::<Self>::clone(&shared));
        Ok(shared)
    }

    /// What Python's side of the future is part of.
    pub(crate) fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// Whether somebody polls the future. Otherwise the task's exception is left for asyncio to report.
    pub(crate) fn is_wanted(&self) -> bool {
        self.lock().interest == Interest::Wanted
    }

    fn hub(&self) -> &Arc<Hub> {
        self.registration.hub()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, FutureState> {
        // Only moves happen under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the output.
    pub(crate) fn poll_output(self: &Arc<Self>, cx: &mut Context<'_>) -> Poll<PyResult<Py<PyAny>>> {
        // Cloning one, and dropping one, may run a runtime's code, which the lock must not be held for.
        let waker = cx.waker().clone();
        let mut state = self.lock();
        match std::mem::replace(&mut state.stage, TaskStage::Gone) {
            TaskStage::Done(output) => Poll::Ready(output),
            stage if state.is_shut_down || self.hub().is_inherited() => {
                let is_shut_down = state.is_shut_down;
                state.stage = stage;
                drop(state);
                Arc::clone(self).cancel();
                Poll::Ready(Err(if is_shut_down {
                    shutdown_error()
                } else {
                    left_behind_error()
                }))
            }
            stage => {
                state.stage = stage;
                let before = state.waker.replace(waker);
                drop(state);
                drop(before);
                Poll::Pending
            }
        }
    }

    /// Nobody will poll, and the task runs on; the loop's thread shall report or drop the output that is there already.
    pub(crate) fn detach(self: Arc<Self>) {
        self.set_interest(Interest::Detached, |stage| {
            matches!(stage, TaskStage::Done(_))
        });
    }

    /// The future was dropped: the loop's thread shall cancel the task, or report or drop the output.
    pub(crate) fn cancel(self: Arc<Self>) {
        self.set_interest(Interest::Dropped, |stage| !matches!(stage, TaskStage::Gone));
    }

    fn set_interest(
        self: Arc<Self>,
        interest: Interest,
        concerns_the_loop: fn(&TaskStage) -> bool,
    ) {
        let mut state = self.lock();
        state.interest = interest;
        let waker = state.waker.take();
        let concerns_the_loop = concerns_the_loop(&state.stage);
        drop(state);
        drop(waker);
        if concerns_the_loop {
            self.hub().push(Arc::<Self>::clone(&self));
        }
    }

    /// Keeps the output for whoever polls; it comes back where nobody will.
    pub(crate) fn finish(&self, output: PyResult<Py<PyAny>>) -> Option<PyResult<Py<PyAny>>> {
        let state = self.lock();
        if state.interest == Interest::Wanted {
            self.settle(state, TaskStage::Done(output));
            return None;
        }
        self.settle(state, TaskStage::Gone);
        Some(output)
    }

    /// The task is done, and nobody has looked at its output.
    pub(crate) fn finish_unretrieved(&self) {
        self.settle(self.lock(), TaskStage::Gone);
    }

    /// Ends what waits for the task, once.
    fn settle(&self, mut state: MutexGuard<'_, FutureState>, stage: TaskStage) {
        if matches!(state.stage, TaskStage::Done(_) | TaskStage::Gone) {
            drop(state);
            return;
        }
        let before = std::mem::replace(&mut state.stage, stage);
        let waker = state.waker.take();
        drop(state);
        self.registration.give_up();
        drop(before);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
