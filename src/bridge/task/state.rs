//! The state of a task: where its Rust future is, and who may use it.
//!
//! A future leaves the state when somebody polls, ends or delivers it, and so has one owner at any time. The lock is held
//! for such moves alone: never while a future is polled or dropped, and never while a waker is cloned, called or dropped.
//!
//! | state | event | by whom, on which thread | next state |
//! | --- | --- | --- | --- |
//! | `Idle` | [`begin_poll`] | the driver, on a thread of the runtime, or on the starter's within `spawn` | `Running` |
//! | `Running` | [`end_poll`]: pending, and nobody wants it to end | the driver | `Idle` |
//! | `Running` | [`end_poll`]: pending, and it is to end | the driver, which ends the future | `TakenParts` |
//! | `Running` | [`finish`]: ready, or it has panicked | the driver, which pushes the task to the hub | `Finished` |
//! | `Running` | [`request_cancel`], [`take`] or [`take_to_end`] | any | `Running`, with the reason to end |
//! | `Idle` | [`request_cancel`], which returns the waker to call | any, mostly the loop's | `Cancelled` |
//! | `Cancelled` | [`begin_poll`] | the driver, which ends the future | `TakenParts` |
//! | `Idle`, `Cancelled`, starting | [`lose_driver`]: the runtime drops the driver | that thread, which may be the starter | `Refused` |
//! | `Refused` | [`end_start`]: the runtime's `spawn` has returned | the starter, which detaches to end the future | `TakenParts` |
//! | `Idle`, `Cancelled`, started | [`lose_driver`] | a thread of the runtime, which ends the future | `TakenParts` |
//! | all with a future but `Finished` | [`take_to_end`]: the bridge is shut down | any, which ends the future | `TakenParts` |
//! | all with a future | [`take`]: nobody waits for it, or it is delivered | any, mostly the loop's | `TakenParts` |
//! | `TakenParts` | [`finish`]: the future has been ended | the one who has ended it, who pushes the task | `Finished` |
//!
//! "Ends the future" means: drops it, detached from Python, and puts the reason in its place. "Starting" is a task until
//! [`end_start`]: the starter is handing the driver to the runtime, attached to Python, and must not drop the future there.
//! Nobody else knows the task then but its driver and, for [`take`] and [`take_to_end`], its hub.
//!
//! Nothing here knows of Python: `F` is the future with what goes along with it, `T` is what it settles in the end.
//! `pytests/loom.sh` runs this file in every order of its threads.
//!
//! [`begin_poll`]: TaskState::begin_poll
//! [`end_poll`]: TaskState::end_poll
//! [`end_start`]: TaskState::end_start
//! [`finish`]: TaskState::finish
//! [`lose_driver`]: TaskState::lose_driver
//! [`request_cancel`]: TaskState::request_cancel
//! [`take`]: TaskState::take
//! [`take_to_end`]: TaskState::take_to_end

use std::sync::{PoisonError, TryLockError};
use std::task::Waker;

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

/// The state of one task, which its driver, the Python future and the hub share.
pub(crate) struct TaskState<F, T>(Mutex<Inner<F, T>>);

struct Inner<F, T> {
    stage: Stage<F>,
    is_starting: bool,
    /// `None` once it is settled, or nobody wants it settled.
    target: Option<T>,
    /// The task's key among what is pending on its hub; `None` before it is entered and after it is taken out.
    key: Option<usize>,
}

enum Stage<F> {
    /// The runtime has dropped the driver during the start.
    Refused(F),
    /// Waits for its waker, which is there after the first poll.
    Idle(F, Option<Waker>),
    /// The driver has the future, and ends it for this reason if it is still pending after the poll.
    Running(Option<EndReason>),
    /// The driver has been woken to drop the future.
    Cancelled(F),
    /// The future's output, or the reason why it has none, waits for the loop's thread.
    Finished(F),
    /// Nothing is left to do, but for whoever has taken the future out.
    TakenParts,
}

/// The reason for which a pending future is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndReason {
    Cancelled,
    /// The user has shut the bridge down; this outdoes a cancellation.
    ShutDown,
}

/// The work of one poll of the driver.
pub(crate) enum NextPoll<F> {
    /// Poll the future; the waker is that of the last poll.
    Poll(F, Option<Waker>),
    /// End it.
    End(F, EndReason),
    /// The future was taken out: the driver is done.
    Over,
}

/// The parts of a task that [`TaskState::take`] has taken out.
pub(crate) struct TakenParts<F, T> {
    pub(crate) target: Option<T>,
    pub(crate) key: Option<usize>,
    /// `None` if it had been taken, or is running.
    pub(crate) future: Option<F>,
    /// The driver's, which is to end: it has nothing to poll any more.
    pub(crate) waker: Option<Waker>,
    /// The future is being polled, and ends when that poll returns.
    pub(crate) is_running: bool,
}

impl<F, T> TaskState<F, T> {
    pub(crate) fn new(future: F, target: T) -> Self {
        Self(Mutex::new(Inner {
            stage: Stage::Idle(future, None),
            is_starting: true,
            target: Some(target),
            key: None,
        }))
    }

    /// Begins a poll of the driver.
    pub(crate) fn begin_poll(&self) -> NextPoll<F> {
        self.change(|stage| match stage {
            Stage::Idle(future, waker) => (Stage::Running(None), NextPoll::Poll(future, waker)),
            Stage::Cancelled(future) => (
                Stage::TakenParts,
                NextPoll::End(future, EndReason::Cancelled),
            ),
            stage => (stage, NextPoll::Over),
        })
    }

    /// Ends a poll of the driver after which the future is pending; returns it if it is to end.
    pub(crate) fn end_poll(&self, future: F, waker: Waker) -> Result<(), (F, Waker, EndReason)> {
        self.change(|stage| match stage {
            Stage::Running(Some(reason)) => (Stage::TakenParts, Err((future, waker, reason))),
            _ => (Stage::Idle(future, Some(waker)), Ok(())),
        })
    }

    /// Brings a future back that is over, by whoever has it; the caller pushes the task to the hub then.
    pub(crate) fn finish(&self, future: F) {
        self.change(|_| (Stage::Finished(future), ()));
    }

    /// The driver has been handed over; returns the future if the runtime has dropped that.
    pub(crate) fn end_start(&self) -> Option<F> {
        let mut inner = self.lock();
        inner.is_starting = false;
        inner.change(|stage| match stage {
            Stage::Refused(future) => (Stage::TakenParts, Some(future)),
            stage => (stage, None),
        })
    }

    /// The runtime has dropped the driver; returns the future, which is to end, unless the starter does that, and the waker
    /// to drop.
    pub(crate) fn lose_driver(&self) -> (Option<F>, Option<Waker>) {
        let mut inner = self.lock();
        let is_starting = inner.is_starting;
        inner.change(|stage| match stage {
            Stage::Idle(future, waker) if is_starting => (Stage::Refused(future), (None, waker)),
            Stage::Cancelled(future) if is_starting => (Stage::Refused(future), (None, None)),
            Stage::Idle(future, waker) => (Stage::TakenParts, (Some(future), waker)),
            Stage::Cancelled(future) => (Stage::TakenParts, (Some(future), None)),
            stage => (stage, (None, None)),
        })
    }

    /// Has the driver end the future; returns the waker to call.
    pub(crate) fn request_cancel(&self) -> Option<Waker> {
        self.change(|stage| match stage {
            Stage::Idle(future, waker) => (Stage::Cancelled(future), waker),
            Stage::Running(reason) => {
                let reason = reason.or(Some(EndReason::Cancelled));
                (Stage::Running(reason), None)
            }
            stage => (stage, None),
        })
    }

    /// Takes out a pending future, for the caller to end. Also returns the waker, to be called after that. A future that is
    /// being polled is ended by the driver.
    pub(crate) fn take_to_end(&self) -> Option<(F, Option<Waker>)> {
        self.change(|stage| match stage {
            Stage::Refused(future) | Stage::Cancelled(future) => {
                (Stage::TakenParts, Some((future, None)))
            }
            Stage::Idle(future, waker) => (Stage::TakenParts, Some((future, waker))),
            Stage::Running(_) => (Stage::Running(Some(EndReason::ShutDown)), None),
            stage => (stage, None),
        })
    }

    /// Takes everything out, for good. A future that is being polled is ended when that poll returns.
    pub(crate) fn take(&self) -> TakenParts<F, T> {
        let mut inner = self.lock();
        let (target, key) = (inner.target.take(), inner.key.take());
        let (mut waker, mut is_running) = (None, false);
        let future = match std::mem::replace(&mut inner.stage, Stage::TakenParts) {
            Stage::Refused(future) | Stage::Cancelled(future) | Stage::Finished(future) => {
                Some(future)
            }
            Stage::Idle(future, idle) => {
                waker = idle;
                Some(future)
            }
            Stage::Running(reason) => {
                is_running = true;
                inner.stage = Stage::Running(reason.or(Some(EndReason::Cancelled)));
                None
            }
            Stage::TakenParts => None,
        };
        TakenParts {
            target,
            key,
            future,
            waker,
            is_running,
        }
    }

    /// Whether the future is over, delivered or not. One that is being polled just now is not.
    pub(crate) fn has_finished(&self) -> bool {
        matches!(self.lock().stage, Stage::Finished(_) | Stage::TakenParts)
    }

    /// Takes the target out of what goes on; returns the key under which the hub knows the task.
    pub(crate) fn forget_target(&self) -> Option<usize> {
        let mut inner = self.lock();
        inner.target = None;
        inner.key
    }

    /// As [`TaskState::take_target`], in the child of a fork, where a thread that the child does not have may have the lock.
    pub(crate) fn try_take_target(&self) -> Option<T> {
        match self.0.try_lock() {
            Ok(mut inner) => inner.target.take(),
            Err(TryLockError::Poisoned(inner)) => inner.into_inner().target.take(),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Notes the key under which the hub knows the task.
    pub(crate) fn set_key(&self, key: usize) {
        self.lock().key = Some(key);
    }

    /// Takes the key of a task that is dropped; `None` if it has been taken out.
    pub(crate) fn take_key(&mut self) -> Option<usize> {
        let inner = self.0.get_mut();
        inner.unwrap_or_else(PoisonError::into_inner).key.take()
    }

    fn change<R>(&self, transition: impl FnOnce(Stage<F>) -> (Stage<F>, R)) -> R {
        self.lock().change(transition)
    }

    fn lock(&self) -> MutexGuard<'_, Inner<F, T>> {
        // Only moves happen under this lock, so that nothing can panic there.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F, T> Inner<F, T> {
    fn change<R>(&mut self, transition: impl FnOnce(Stage<F>) -> (Stage<F>, R)) -> R {
        let stage = std::mem::replace(&mut self.stage, Stage::TakenParts);
        let (stage, answer) = transition(stage);
        self.stage = stage;
        answer
    }
}
