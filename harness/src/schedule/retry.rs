//! Further attempts of a trial that failed.

use std::time::Duration;

use super::unused::Unused;
use crate::attempt::{Attempt, FailedAttempt};
use crate::job::Ended;
use crate::plan::Planned;
use crate::trial::{Body, Description, Remake, Spawner, Trial};

/// What is needed to run a trial again.
pub(super) struct Again {
    description: Description,
    remake: Option<Remake>,
    spawn: Option<Spawner>,
    timeout: Option<Duration>,
    occurrence: u32,
    /// The attempt that is under way.
    attempt: Attempt,
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
        if attempt.of == 1 || !is_pooled && trial.remake.is_none() {
            return None;
        }
        Some(Self {
            description: trial.description.clone(),
            remake: trial.remake.clone(),
            spawn: trial.spawn.clone(),
            timeout: trial.timeout,
            occurrence: *occurrence,
            attempt: attempt.clone(),
        })
    }

    /// Sees to it that what is the user's outlives this.
    pub(super) fn keep(&self, unused: &mut Unused) {
        unused.add(None, self.spawn.clone(), self.remake.clone());
    }

    /// Returns the next attempt, after one that failed, if there may be one.
    pub(super) fn next(self, ended: &Ended) -> Option<Planned> {
        let attempt = self.attempt.next(FailedAttempt {
            outcome: ended.outcome.clone(),
            output: ended.output.clone(),
            elapsed: ended.elapsed,
        })?;
        let body = match self.remake {
            Some(ref remake) => remake(),
            None => Body::Elsewhere,
        };
        Some(Planned {
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
        })
    }
}
