//! Further attempts of a trial that failed.

use std::time::Duration;

use super::unused::Unused;
use crate::attempt::FailedAttempt;
use crate::event::Finished;
use crate::plan::Planned;
use crate::trial::{Body, Description, Remake, Spawner, Trial};

/// What is needed to run a trial again.
pub(super) struct Again {
    description: Description,
    remake: Option<Remake>,
    spawn: Option<Spawner>,
    timeout: Option<Duration>,
    occurrence: u32,
}

impl Again {
    /// Notes what `planned` needs; `None` if it cannot run again: a body that can run once only
    /// can do so in another process.
    pub(super) fn new(planned: &Planned, is_pooled: bool) -> Option<Self> {
        let Planned {
            trial,
            occurrence,
            attempt,
            ..
        } = planned;
        if !attempt.has_next() || !is_pooled && trial.remake.is_none() {
            return None;
        }
        Some(Self {
            description: trial.description.clone(),
            remake: trial.remake.clone(),
            spawn: trial.spawn.clone(),
            timeout: trial.timeout,
            occurrence: *occurrence,
        })
    }

    /// Sees to it that what is the user's outlives this.
    pub(super) fn keep(&self, unused: &mut Unused) {
        unused.add(None, self.spawn.clone(), self.remake.clone());
    }

    /// Returns the next attempt, after one that failed.
    pub(super) fn after(self, failed: Finished) -> Planned {
        let attempt = failed.attempt.next(FailedAttempt {
            outcome: failed.outcome,
            output: failed.output,
            elapsed: failed.elapsed,
        });
        let body = match self.remake {
            Some(ref remake) => remake(),
            None => Body::Elsewhere,
        };
        Planned {
            trial: Trial {
                description: self.description,
                body,
                remake: self.remake,
                spawn: self.spawn,
                timeout: self.timeout,
            },
            ignored: false,
            occurrence: self.occurrence,
            attempt,
        }
    }
}
