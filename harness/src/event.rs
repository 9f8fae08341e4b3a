//! What happens in a run. Reporters see events and nothing else.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::attempt::Attempt;
use crate::outcome::Outcome;
use crate::trial::Description;

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
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) description: Arc<Description>,
    pub(crate) outcome: Outcome,
    /// What this attempt printed.
    pub(crate) output: Vec<u8>,
    /// How long the body took; only with `--report-time` or `--ensure-time`.
    pub(crate) time: Option<Duration>,
    /// How long the body took, if it ran.
    pub(crate) elapsed: Option<Duration>,
    pub(crate) attempt: Attempt,
}

impl Finished {
    /// Returns what a report shows: if the trial failed, what every attempt printed.
    pub(crate) fn shown_output(&self) -> Cow<'_, [u8]> {
        if self.outcome.is_failure() && self.attempt.number > 1 {
            Cow::Owned(self.attempt.transcript_with(&self.output))
        } else {
            Cow::Borrowed(&self.output)
        }
    }
}

/// What a listing found.
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

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) total: usize,
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    pub(crate) measured: u64,
    pub(crate) filtered_out: u64,
    pub(crate) duration: Duration,
    /// Present if the run was ended early, by Ctrl-C.
    pub(crate) interruption: Option<Interruption>,
    /// Passed trials and their output, in the order of completion; only with `--show-output`.
    pub(crate) successes: Vec<Finished>,
    pub(crate) failures: Vec<Finished>,
    pub(crate) time_failures: Vec<Finished>,
    /// Trials that passed after having failed, with the output of the attempts that failed.
    pub(crate) flaky: Vec<Finished>,
}

/// What was left when a run was interrupted.
#[derive(Debug)]
pub(crate) struct Interruption {
    pub(crate) running: Vec<Arc<Description>>,
    pub(crate) waiting: usize,
}

impl Tally {
    /// Counts `finished`, and keeps it where the end of the report needs it.
    pub(crate) fn add(&mut self, finished: Finished, keep_successes: bool) {
        match &finished.outcome {
            Outcome::Passed => {
                self.passed += 1;
                if finished.attempt.number > 1 {
                    self.flaky.push(Finished {
                        output: finished.attempt.transcript(),
                        ..finished.clone()
                    });
                }
                if keep_successes {
                    self.successes.push(finished);
                }
            }
            Outcome::Failed | Outcome::FailedBecause(_) => {
                self.failed += 1;
                self.failures.push(finished);
            }
            Outcome::TooSlow => {
                self.failed += 1;
                self.time_failures.push(finished);
            }
            Outcome::Ignored { .. } => self.ignored += 1,
            Outcome::Measured(_) => self.measured += 1,
        }
    }
}
