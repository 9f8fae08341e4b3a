//! Drops of closures that no trial needs any more, and wake-ups of cancelled futures, deferred until the schedule's state
//! is not locked: both call code of the user's.

use std::sync::Arc;

use crate::trial::{Body, Cancellation, Options, Trial};
use crate::unwind;

/// Bodies and functions of trials to be dropped, and futures to be cancelled, when this is dropped: by the thread that
/// drives the schedule, after it has unlocked the state. Panics are contained.
#[derive(Default)]
pub(super) struct DeferredDrops {
    parts: Vec<(Option<Body>, Options)>,
    cancelled: Vec<Arc<Cancellation>>,
}

impl DeferredDrops {
    pub(super) fn add(&mut self, body: Option<Body>, options: Options) {
        if body.is_none() && options.is_empty() {
            return;
        }
        self.parts.push((body, options));
    }

    /// Defers the cancellation of a future, which calls a waker of the user's runtime.
    pub(super) fn cancel(&mut self, cancellation: Arc<Cancellation>) {
        self.cancelled.push(cancellation);
    }

    /// Adds all that belongs to a trial which has not run.
    pub(super) fn add_trial(&mut self, trial: Trial) {
        self.add(Some(trial.body), trial.options);
    }
}

impl Drop for DeferredDrops {
    fn drop(&mut self) {
        // Nearly always there is nothing to drop, and this crate is not optimised in the profile that tests have.
        if self.parts.is_empty() && self.cancelled.is_empty() {
            return;
        }
        for cancellation in self.cancelled.drain(..) {
            unwind::contain(|| cancellation.cancel());
        }
        for (body, options) in self.parts.drain(..) {
            let Options {
                remake,
                block_on,
                describe,
                timeout: _,
            } = options;
            discard(body);
            discard(remake);
            discard(block_on);
            discard(describe);
        }
    }
}

fn discard<T>(part: Option<T>) {
    if part.is_some() {
        unwind::contain(|| drop(part));
    }
}
