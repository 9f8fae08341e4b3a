//! The report of a trial's end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Ended, Job};
use crate::body::Verdict;
use crate::capture::{self, Role, Scope};
use crate::outcome::{self, Outcome, Payload};
use crate::process::Home;

/// Reports the end of a job exactly once, also if it never came to run.
pub(super) struct Report {
    job: Option<Job>,
    scope: Arc<Scope>,
    home: Home,
    since: Instant,
}

impl Report {
    pub(super) fn new(job: Job, scope: Arc<Scope>) -> Self {
        Self {
            job: Some(job),
            scope,
            home: Home::new(),
            since: Instant::now(),
        }
    }

    /// Notes that the body starts now.
    pub(super) fn start(&mut self) {
        self.since = Instant::now();
    }

    pub(super) fn end(&mut self, result: Result<Verdict, Payload>) {
        let elapsed = self.since.elapsed();
        let Some(job) = self.job.take() else { return };
        if let Ok(Err(failed)) = &result {
            if let Some(message) = failed.message() {
                self.scope
                    .append_or_print(format!("Error: {message}\n").as_bytes());
            }
        }
        let judged = {
            // What the drop of a panic's payload prints is the test's.
            let _entered = result
                .is_err()
                .then(|| capture::enter(Some(self.scope.clone()), Role::Poll));
            outcome::judge(&job.description, result)
        };
        let outcome = match job.limits {
            Some(limits) => limits.enforce(judged, elapsed),
            None => judged,
        };
        self.home.end_child(&outcome);
        job.put(outcome, &self.scope, Some(elapsed));
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            job.put(Ended::dropped().outcome, &self.scope, None);
        }
    }
}

impl Job {
    fn put(self, outcome: Outcome, scope: &Scope, elapsed: Option<Duration>) {
        let output = scope.close();
        (self.done)(Ended {
            outcome,
            output,
            elapsed,
        });
    }
}
