//! Where a task keeps its Rust future, and then the output or the reason why there is none.
//!
//! Guarantees:
//! - It is locked while the future is polled and while something is taken out or put in, and at no other time, so "locked"
//!   means "being polled".
//! - Who has set a flag and finds it locked, has that seen by whoever reads it after a poll that ended pending.

use std::pin::Pin;
use std::task::{Context, Poll};

use crate::bridge::task::erased::Work;
use crate::bridge::task::failure::Failure;
use crate::bridge::task::poll_lock::{BeingPolled, PollLock, unlock_pending};
use crate::instrument::Surroundings;
use crate::panic::catch_call;
use crate::task_locals;
use crate::task_locals::TaskLocals;

/// The place of one future.
pub(crate) struct Slot(PollLock<Option<Content>>);

/// What is in a slot until it is delivered, or dropped because nobody wants it.
pub(crate) struct Content {
    pub(crate) work: Pin<Box<dyn Work>>,
    /// Taken out with the rest, so that they are dropped where that is.
    pub(crate) locals: TaskLocals,
}

/// How a poll went.
pub(crate) enum Polled {
    Pending,
    /// There is an output, or somebody was faster and has taken everything.
    Done,
    /// The future, which has still to be dropped, has panicked.
    Panicked(Pin<Box<dyn Work>>),
}

impl Slot {
    pub(crate) fn new(work: Pin<Box<dyn Work>>, locals: TaskLocals) -> Self {
        Self(PollLock::new(Some(Content { work, locals })))
    }

    /// Polls the future with its locals.
    pub(crate) fn poll(&self, surroundings: &Surroundings, cx: &mut Context<'_>) -> Polled {
        let mut slot = self.0.lock();
        let Some(Content { work, locals }) = &mut *slot else {
            return Polled::Done;
        };
        let scope = task_locals::enter(locals.clone());
        let polled = surroundings.run(|| catch_call(|| work.as_mut().poll(cx)));
        drop(scope);
        match polled {
            Ok(Poll::Pending) => {
                unlock_pending(slot);
                Polled::Pending
            }
            Ok(Poll::Ready(())) => Polled::Done,
            Err(caught) => Polled::Panicked(put(work, Failure::Panicked(caught))),
        }
    }

    /// Takes everything out, after the poll that may be under way.
    pub(crate) fn take(&self) -> Option<Content> {
        self.0.lock().take()
    }

    /// Takes everything out unless the future is being polled.
    pub(crate) fn take_idle(&self) -> Result<Option<Content>, BeingPolled> {
        Ok(self.0.try_lock()?.take())
    }

    /// Puts the reason why there is no output in the place of a future that has not finished; returns that future.
    pub(crate) fn fail(&self, failure: Failure) -> Option<Pin<Box<dyn Work>>> {
        fail(&mut self.0.lock(), failure)
    }

    /// The same unless the future is being polled.
    pub(crate) fn fail_idle(
        &self,
        failure: Failure,
    ) -> Result<Option<Pin<Box<dyn Work>>>, BeingPolled> {
        Ok(fail(&mut *self.0.try_lock()?, failure))
    }

    /// Whether the future is over, delivered or not. One that is being polled just now is not.
    pub(crate) fn has_finished(&self) -> bool {
        self.0
            .try_lock()
            .is_ok_and(|mut slot| unfinished(&mut slot).is_none())
    }
}

fn fail(slot: &mut Option<Content>, failure: Failure) -> Option<Pin<Box<dyn Work>>> {
    unfinished(slot).map(|work| put(work, failure))
}

fn unfinished(slot: &mut Option<Content>) -> Option<&mut Pin<Box<dyn Work>>> {
    let work = slot.as_mut().map(|content| &mut content.work);
    work.filter(|work| !work.is_ready())
}

fn put(work: &mut Pin<Box<dyn Work>>, failure: Failure) -> Pin<Box<dyn Work>> {
    std::mem::replace(work, Box::pin(failure))
}
