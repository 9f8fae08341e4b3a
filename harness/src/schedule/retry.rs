//! Further attempts of a trial that failed.

use super::deferred_drops::DeferredDrops;
use crate::event::{FailedAttempt, Finished};
use crate::plan::Planned;
use crate::trial::{Body, Description, Options, Trial};

/// The parts of a trial that its next attempt needs.
pub(super) struct Retry {
    description: Description,
    options: Options,
    occurrence: u32,
}

impl Retry {
    /// Copies the parts of `planned` that its next attempt needs. Returns `None` if there is no further attempt, or if the
    /// body can run only once, and not in another process.
    pub(super) fn new(planned: &Planned, is_pooled: bool) -> Option<Self> {
        let Planned {
            trial,
            occurrence,
            attempt,
            ..
        } = planned;
        if !attempt.has_next() || !is_pooled && trial.options.remake.is_none() {
            return None;
        }
        Some(Self {
            description: trial.description.clone(),
            options: trial.options.clone(),
            occurrence: *occurrence,
        })
    }

    /// Defers the drop of the functions that belong to the trial.
    pub(super) fn defer_drops(&self, deferred: &mut DeferredDrops) {
        deferred.add(None, self.options.clone());
    }

    /// Returns the next attempt, after one that failed.
    pub(super) fn after(self, failed: Finished) -> Planned {
        let attempt = failed.attempt.next(FailedAttempt {
            outcome: failed.outcome,
            output: failed.output,
            elapsed: failed.elapsed,
        });
        let body = match self.options.remake {
            Some(ref remake) => remake(),
            None => Body::InWorker,
        };
        Planned {
            trial: Trial {
                description: self.description,
                body,
                options: self.options,
            },
            ignored: false,
            occurrence: self.occurrence,
            attempt,
        }
    }
}
