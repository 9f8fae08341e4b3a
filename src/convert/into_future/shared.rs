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
pub(crate) struct Shared {
    inner: Mutex<Inner>,
    /// Given up when there is an output.
    registration: Registration,
    /// Those of the code that made the future.
    surroundings: Surroundings,
}

pub(crate) struct Inner {
    pub(crate) stage: Stage,
    pub(crate) waker: Option<Waker>,
    pub(crate) interest: Interest,
    /// The user has shut the bridge down: whoever polls cancels the task, and gets an error.
    pub(crate) aborted: bool,
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

pub(crate) enum Stage {
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

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

impl Shared {
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
            inner: Mutex::new(Inner {
                stage: Stage::New(awaitable.clone().unbind(), locals.clone()),
                waker: None,
                interest: Interest::Wanted,
                aborted: false,
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

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Only moves happen under this lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the output.
    pub(crate) fn poll_take(self: &Arc<Self>, cx: &mut Context<'_>) -> Poll<PyResult<Py<PyAny>>> {
        // Cloning one, and dropping one, may run a runtime's code, which the lock must not be held for.
        let waker = cx.waker().clone();
        let mut inner = self.lock();
        match std::mem::replace(&mut inner.stage, Stage::Gone) {
            Stage::Done(output) => Poll::Ready(output),
            stage if inner.aborted || self.hub().is_inherited() => {
                let is_aborted = inner.aborted;
                inner.stage = stage;
                drop(inner);
                Arc::clone(self).cancel();
                Poll::Ready(Err(if is_aborted {
                    shutdown_error()
                } else {
                    left_behind_error()
                }))
            }
            stage => {
                inner.stage = stage;
                let before = inner.waker.replace(waker);
                drop(inner);
                drop(before);
                Poll::Pending
            }
        }
    }

    /// Nobody will poll, and the task runs on; the loop's thread shall report or drop the output that is there already.
    pub(crate) fn detach(self: Arc<Self>) {
        self.give_up(Interest::Detached, |stage| matches!(stage, Stage::Done(_)));
    }

    /// The future was dropped: the loop's thread shall cancel the task, or report or drop the output.
    pub(crate) fn cancel(self: Arc<Self>) {
        self.give_up(Interest::Dropped, |stage| !matches!(stage, Stage::Gone));
    }

    fn give_up(self: Arc<Self>, interest: Interest, concerns_the_loop: fn(&Stage) -> bool) {
        let mut inner = self.lock();
        inner.interest = interest;
        let waker = inner.waker.take();
        let concerns_the_loop = concerns_the_loop(&inner.stage);
        drop(inner);
        drop(waker);
        if concerns_the_loop {
            self.hub().push(Arc::<Self>::clone(&self));
        }
    }

    /// Keeps the output for whoever polls; it comes back where nobody will.
    pub(crate) fn finish(&self, output: PyResult<Py<PyAny>>) -> Option<PyResult<Py<PyAny>>> {
        let inner = self.lock();
        if inner.interest == Interest::Wanted {
            self.settle(inner, Stage::Done(output));
            return None;
        }
        self.settle(inner, Stage::Gone);
        Some(output)
    }

    /// The task is done, and nobody has looked at its output.
    pub(crate) fn finish_unseen(&self) {
        self.settle(self.lock(), Stage::Gone);
    }

    /// Ends what waits for the task, once.
    fn settle(&self, mut inner: MutexGuard<'_, Inner>, stage: Stage) {
        if matches!(inner.stage, Stage::Done(_) | Stage::Gone) {
            drop(inner);
            return;
        }
        let before = std::mem::replace(&mut inner.stage, stage);
        let waker = inner.waker.take();
        drop(inner);
        self.registration.give_up();
        drop(before);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
