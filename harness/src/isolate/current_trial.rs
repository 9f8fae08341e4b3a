//! The trial that a worker process runs.

use std::time::Instant;

use crate::job::{Ended, FLUSH_LIMIT, Handle, JobPhase};
use crate::trial::Describe;

/// The trial that runs, from its start until its end is sent.
pub(super) struct CurrentTrial {
    /// The number of trials that started before it in this process.
    pub(super) number: u64,
    /// Describes the trial when its time is over.
    pub(super) describe: Option<Describe>,
    /// The default until the job has been started.
    pub(super) handle: Handle,
    /// The end of the trial, and when it came, while standard output is flushed.
    pub(super) ended: Option<(Ended, Instant)>,
}

impl CurrentTrial {
    pub(super) fn new(number: u64, describe: Option<Describe>) -> Self {
        Self {
            number,
            describe,
            handle: Handle::default(),
            ended: None,
        }
    }

    /// Notes that the trial has ended now.
    pub(super) fn end(&mut self, ended: Ended) {
        self.ended = Some((ended, Instant::now()));
    }

    /// Takes the end of a body that has returned, unless it has been taken; `false` if the trial's thread is about to
    /// report it.
    pub(super) fn take_returned(&mut self) -> bool {
        if self.ended.is_none() {
            let Some(ended) = self.handle.take_returned() else {
                return false;
            };
            self.end(ended);
        }
        true
    }

    /// Says whether the flush of standard output takes longer than [`FLUSH_LIMIT`].
    pub(super) fn is_late(&self) -> bool {
        let since = match (&self.ended, self.handle.phase()) {
            (Some((_, since)), _) => *since,
            (None, Some(JobPhase::Returned(at))) => at,
            (None, _) => return false,
        };
        since.elapsed() >= FLUSH_LIMIT
    }
}
