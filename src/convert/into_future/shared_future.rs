//! The state that a [`PyFuture`](crate::convert::into_future::PyFuture), its loop and the Python task's callback share.
//!
//! The future is polled and dropped on any thread. Its loop's thread alone touches the awaitable and the task.
//!
//! | stage | to | by |
//! | --- | --- | --- |
//! | new | starting | the loop's thread, which then makes a task of the awaitable, or calls the function that makes one; or which cancels, closes or drops it if the future was dropped |
//! | starting | running | the loop's thread, when there is a task |
//! | new, starting, running | output | the loop's thread: the task is done or could not be made, the function was called and made no awaitable, or the loop is closed; somebody polls the future |
//! | new, starting, running | finished | the same where nobody polls the future any more |
//! | output | finished | the poll that takes the output; the loop's thread, if the future was dropped or detached meanwhile |
//!
//! Beside the stage, the future's owner says once that nobody polls any more ([`Interest`]), and
//! [`shutdown`](crate::shutdown) sets `is_shut_down` once, after which a poll cancels the task and is ready with an error.
//!
//! | cancellation | to | by |
//! | --- | --- | --- |
//! | none | requested | the future's owner: [`cancel`](SharedFuture::cancel), or the drop of the future |
//! | requested | passed on | the loop's thread, which calls the task's `cancel()`, as soon as there is a task |
//! | requested, passed on | requested | the future's owner: `cancel` again, but no drop |
//!
//! An output that nobody polls for is dropped on the loop's thread, and an error among these is reported to the loop: by its
//! task, if that still has it. No lock is held while Python code runs, a Python object is dropped, or a waker is cloned,
//! called or dropped.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;

use crate::bridge::{Deliver, Hub, Registration, closed_error, left_behind_error, shutdown_error};
use crate::convert::into_future::source::Source;
use crate::instrument::Instrumentation;
use crate::task_locals::TaskLocals;

/// The shared state, and the loop's hub.
pub(crate) struct SharedFuture {
    state: Mutex<FutureState>,
    /// The entry among what the hub ends when its loop is closed, with the awaitable and then the task. It is given up when
    /// there is an output.
    pub(crate) registration: Registration,
    /// The instrumentation of the code that made the future.
    instrumentation: Instrumentation,
}

pub(crate) struct FutureState {
    pub(crate) stage: TaskStage,
    pub(crate) waker: Option<Waker>,
    pub(crate) interest: Interest,
    pub(crate) cancellation: Cancellation,
    /// The user has shut the bridge down.
    pub(crate) is_shut_down: bool,
}

/// The use that the Rust future's owner has for the task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interest {
    /// The future is polled for the task's output.
    Wanted,
    /// The future was dropped: the task is to be cancelled.
    Dropped,
    /// The future was detached: the task runs on.
    Detached,
}

/// The cancellation of the task that the Rust future's owner asks for.
#[derive(Debug)]
pub(crate) enum Cancellation {
    None,
    /// The loop's thread has still to pass it on, with this message.
    Requested(Option<String>),
    PassedOn,
}

impl Cancellation {
    pub(crate) fn is_requested(&self) -> bool {
        matches!(self, Self::Requested(_))
    }

    /// Passes a request on: its message. `None` where there is none.
    pub(crate) fn pass_on(&mut self) -> Option<Option<String>> {
        if !self.is_requested() {
            return None;
        }
        match std::mem::replace(self, Self::PassedOn) {
            Self::Requested(message) => Some(message),
            _ => None,
        }
    }
}

pub(crate) enum TaskStage {
    /// On its way to the loop. The hub has the awaitable, if the source is one.
    New(Source, TaskLocals),
    /// The loop's thread is calling the function, or making a task of the awaitable.
    Starting,
    /// The hub has the task that was made of the awaitable, or the task or future of the loop that the awaitable is.
    Running(Origin),
    Output(PyResult<Py<PyAny>>),
    /// The output has been taken, or was of no use.
    Finished,
}

/// The maker of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Library,
    User,
}

impl fmt::Debug for SharedFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedFuture").finish_non_exhaustive()
    }
}

impl SharedFuture {
    /// Sends the awaitable, or the function that makes one, to its loop. `object` is the awaitable, or None.
    ///
    /// # Errors
    ///
    /// `RuntimeError: Event loop is closed`.
    pub(crate) fn start(
        hub: Arc<Hub>,
        source: Source,
        object: Bound<'_, PyAny>,
        locals: &TaskLocals,
    ) -> PyResult<Arc<Self>> {
        let py = object.py();
        let shared = Arc::new(Self {
            state: Mutex::new(FutureState {
                stage: TaskStage::New(
                    source,
                    locals.clone().without_loop(py, hub.weak_event_loop(py)),
                ),
                waker: None,
                interest: Interest::Wanted,
                cancellation: Cancellation::None,
                is_shut_down: false,
            }),
            registration: Registration::new(hub),
            instrumentation: Instrumentation::current(py),
        });
        let item: Weak<dyn Deliver> = Arc::<Self>::downgrade(&shared);
        if !shared.registration.enter(item, object) {
            return Err(closed_error());
        }
        shared.hub().push(Arc::<Self>::clone(&shared));
        Ok(shared)
    }

    /// The instrumentation that Python's side of the future runs in.
    pub(crate) fn instrumentation(&self) -> &Instrumentation {
        &self.instrumentation
    }

    /// Whether the future is polled for the output. Otherwise the task keeps its exception, and asyncio reports it.
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
        // A waker's clone and drop run a runtime's code.
        let waker = cx.waker().clone();
        let mut state = self.lock();
        match std::mem::replace(&mut state.stage, TaskStage::Finished) {
            TaskStage::Output(output) => Poll::Ready(output),
            stage if state.is_shut_down || self.hub().is_inherited() => {
                let is_shut_down = state.is_shut_down;
                state.stage = stage;
                drop(state);
                Arc::clone(self).give_up();
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

    /// Waits for the output, and leaves it there.
    pub(crate) fn poll_end(&self, cx: &mut Context<'_>) -> Poll<()> {
        // A waker's clone and drop run a runtime's code.
        let waker = cx.waker().clone();
        let mut state = self.lock();
        let has_ended = matches!(state.stage, TaskStage::Output(_) | TaskStage::Finished);
        if has_ended || state.is_shut_down || self.hub().is_inherited() {
            drop(state);
            return Poll::Ready(());
        }
        let before = state.waker.replace(waker);
        drop(state);
        drop(before);
        Poll::Pending
    }

    /// Takes the output if it is an error, after [`SharedFuture::poll_end`] was ready.
    pub(crate) fn take_error(&self) -> Option<PyErr> {
        let mut state = self.lock();
        match std::mem::replace(&mut state.stage, TaskStage::Finished) {
            TaskStage::Output(Err(error)) => Some(error),
            TaskStage::Output(Ok(value)) => {
                state.stage = TaskStage::Output(Ok(value));
                None
            }
            stage => {
                state.stage = stage;
                Some(if state.is_shut_down {
                    shutdown_error()
                } else {
                    left_behind_error()
                })
            }
        }
    }

    /// Lets the task run on. The loop's thread reports or drops an output that is there already.
    pub(crate) fn detach(self: Arc<Self>) {
        self.set_interest(Interest::Detached, |stage| {
            matches!(stage, TaskStage::Output(_))
        });
    }

    /// Has the loop's thread cancel the task, unless [`SharedFuture::cancel`] has been called, or report or drop the output.
    pub(crate) fn give_up(self: Arc<Self>) {
        self.set_interest(Interest::Dropped, |stage| {
            !matches!(stage, TaskStage::Finished)
        });
    }

    /// Has the loop's thread cancel the task, whose end is the output.
    pub(crate) fn cancel(self: &Arc<Self>, message: Option<String>) {
        let mut state = self.lock();
        if matches!(state.stage, TaskStage::Output(_) | TaskStage::Finished) {
            return;
        }
        state.cancellation = Cancellation::Requested(message);
        drop(state);
        self.hub().push(Arc::<Self>::clone(self));
    }

    pub(crate) fn is_cancel_requested(&self) -> bool {
        self.lock().cancellation.is_requested()
    }

    fn set_interest(
        self: Arc<Self>,
        interest: Interest,
        concerns_the_loop: fn(&TaskStage) -> bool,
    ) {
        let mut state = self.lock();
        state.interest = interest;
        if let (Interest::Dropped, Cancellation::None) = (interest, &state.cancellation) {
            state.cancellation = Cancellation::Requested(None);
        }
        let waker = state.waker.take();
        let concerns_the_loop = concerns_the_loop(&state.stage);
        drop(state);
        drop(waker);
        if concerns_the_loop {
            self.hub().push(Arc::<Self>::clone(&self));
        }
    }

    /// Keeps the output for whoever polls. Where nobody will, it is returned.
    pub(crate) fn finish(&self, output: PyResult<Py<PyAny>>) -> Option<PyResult<Py<PyAny>>> {
        let state = self.lock();
        if state.interest == Interest::Wanted {
            self.settle(state, TaskStage::Output(output));
            return None;
        }
        self.settle(state, TaskStage::Finished);
        Some(output)
    }

    /// Ends the wait for a task that keeps its output.
    pub(crate) fn finish_unretrieved(&self) {
        self.settle(self.lock(), TaskStage::Finished);
    }

    /// Moves to the stage, unless an earlier call has moved to one, and wakes the future.
    fn settle(&self, mut state: MutexGuard<'_, FutureState>, stage: TaskStage) {
        if matches!(state.stage, TaskStage::Output(_) | TaskStage::Finished) {
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
