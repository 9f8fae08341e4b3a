//! The events of a run. Reporters see events and nothing else.

mod attempt;
mod conclusion;
pub(crate) mod outcome;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::attempt::{Attempt, FailedAttempt};
pub use self::conclusion::Conclusion;
pub(crate) use self::outcome::{Cause, Outcome};
use crate::shared::FixtureTimes;
use crate::trial::Description;

/// After this long a running test gets a notice.
pub(crate) const SLOW_AFTER: Duration = Duration::from_secs(60);

/// A step of a run or of a listing.
pub(crate) enum Event<'a> {
    /// The run begins; this many tests are selected.
    RunStarted {
        total: usize,
        shuffle_seed: Option<u64>,
    },
    /// A trial begins.
    Started(&'a Description),
    /// A trial has been running for a minute.
    Slow(&'a Description),
    /// A trial ended; the tally does not contain it yet.
    Finished(&'a Finished),
    /// An attempt of a trial failed, and there will be another.
    Retried(&'a Finished),
    /// The run is over.
    RunFinished(&'a Tally),
    /// The listing begins.
    ListStarted,
    /// A trial is selected.
    Listed(&'a Description),
    /// The listing is over.
    ListFinished(&'a Listing),
}

/// A trial that ended.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) description: Arc<Description>,
    pub(crate) outcome: Outcome,
    /// The output of this attempt.
    pub(crate) output: Vec<u8>,
    /// How long the body took; only with `--report-time` or `--ensure-time`.
    pub(crate) time: Option<Duration>,
    /// How long the body took, if it ran.
    pub(crate) elapsed: Option<Duration>,
    pub(crate) fixtures: Option<Box<FixtureTimes>>,
    pub(crate) attempt: Attempt,
}

impl Finished {
    /// Returns what a report shows, in pieces: if the trial failed, what every attempt printed.
    pub(crate) fn shown_output(&self) -> Vec<Cow<'_, str>> {
        if self.outcome.is_failure() && self.attempt.number > 1 {
            self.attempt.transcript_with(&self.output)
        } else if self.output.is_empty() {
            Vec::new()
        } else {
            vec![String::from_utf8_lossy(&self.output)]
        }
    }

    /// Returns what the attempts before the last one printed, and why they failed, in pieces.
    pub(crate) fn earlier_output(&self) -> Vec<Cow<'_, str>> {
        self.attempt.transcript()
    }

    /// Says whether the trial itself asks for another attempt after this.
    pub(crate) fn wants_retry(&self) -> bool {
        self.description.retries().is_some() && self.attempt.has_next()
    }

    /// Says whether the trial passed after having failed.
    pub(crate) fn is_flaky(&self) -> bool {
        self.outcome == Outcome::Passed && self.attempt.number > 1
    }
}

/// The numbers of trials in a listing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listing {
    pub(crate) tests: usize,
    pub(crate) benchmarks: usize,
    pub(crate) ignored: usize,
}

impl Listing {
    /// Counts a trial.
    pub(crate) fn add(&mut self, description: &Description) {
        match description.is_bench {
            true => self.benchmarks += 1,
            false => self.tests += 1,
        }
        self.ignored += usize::from(description.ignored);
    }
}

/// The result of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) total: usize,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    pub(crate) measured: u64,
    pub(crate) filtered_out: u64,
    pub(crate) duration: Duration,
    /// Ctrl-C has ended the run.
    pub(crate) is_interrupted: bool,
    /// The set-up of a worker process has failed, which has ended the run.
    pub(crate) has_setup_failed: bool,
    /// Trials that were running when the run ended early.
    pub(crate) running: Vec<Arc<Description>>,
    /// Trials that had not started then.
    pub(crate) waiting: Vec<Arc<Description>>,
    /// Passed trials and their output, in the order of completion; only with `--show-output`.
    pub(crate) successes: Vec<Arc<Finished>>,
    pub(crate) failures: Vec<Arc<Finished>>,
    pub(crate) time_failures: Vec<Arc<Finished>>,
    /// Trials that passed after having failed.
    pub(crate) flaky: Vec<Arc<Finished>>,
}

impl Tally {
    /// Says whether the run is no success.
    pub(crate) fn is_failure(&self) -> bool {
        self.failed > 0 || self.is_interrupted || self.has_setup_failed
    }

    /// Counts `finished`, and keeps it where the end of the report needs it.
    pub(crate) fn add(&mut self, finished: Finished, keep_successes: bool) {
        match &finished.outcome {
            Outcome::Passed => {
                self.passed += 1;
                self.keep_passed(finished, keep_successes);
            }
            Outcome::Failed(_) | Outcome::FailedBecause(_) => {
                self.failed += 1;
                self.failures.push(Arc::new(finished));
            }
            Outcome::TooSlow => {
                self.failed += 1;
                self.time_failures.push(Arc::new(finished));
            }
            Outcome::Ignored { .. } => self.ignored += 1,
            Outcome::Measured(_) => self.measured += 1,
        }
    }

    fn keep_passed(&mut self, passed: Finished, is_success_shown: bool) {
        if !is_success_shown && !passed.is_flaky() {
            return;
        }
        let passed = Arc::new(passed);
        if passed.is_flaky() {
            self.flaky.push(passed.clone());
        }
        if is_success_shown {
            self.successes.push(passed);
        }
    }
}
