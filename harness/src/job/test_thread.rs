//! The thread of a trial, from the start of the body to the judgement of it.
//!
//! | state | event | by whom, on which thread | next state |
//! | --- | --- | --- | --- |
//! | running | the body returns or panics, and is judged, or its future is dropped | the test's thread | returned: [`PendingEnd`] has the end |
//! | running | the test's time is over | the thread that drives the schedule | reported; the later end of the thread is ignored |
//! | returned | std's standard output is flushed | the test's thread, which takes the end | ending |
//! | returned | the flush waits for std's lock, and takes longer than [`FLUSH_LIMIT`] | the thread that drives the schedule, or in a worker the one that watches that limit; it takes the end | reported |
//! | ending | the thread has ended, and with it its thread-local variables | the thread of the pool that has waited for it | reported |
//! | ending | the thread has not ended [`ENDING_LIMIT`] after the test's time is over | the thread that drives the schedule | reported as timed out |

use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Ended;
use crate::args::TimeLimits;
use crate::capture::{self, Role, Scope};
use crate::event::outcome;
use crate::event::{Cause, Outcome};
use crate::process::{self, ReportingProcess};
use crate::shared::{self, FixtureTimes};
use crate::trial::{Description, Verdict};
use crate::unwind::{self, Payload};

/// The state of a trial's thread, apart from the body.
pub(super) struct TestThread {
    description: Arc<Description>,
    limits: Option<TimeLimits>,
    scope: Arc<Scope>,
    pending_end: Arc<PendingEnd>,
    reporting_process: ReportingProcess,
}

/// Time limit for the flush of std's standard output after the body has returned: any thread of the process may keep
/// the lock for ever.
pub(crate) const FLUSH_LIMIT: Duration = Duration::from_secs(1);

/// How long a thread whose body has returned in time may outlive the test's time limit, before the test is reported as
/// timed out: a thread-local variable may block when it is dropped.
pub(crate) const ENDING_LIMIT: Duration = Duration::from_secs(1);

/// The end of a body, from its return until the end is reported.
#[derive(Default)]
pub(super) struct PendingEnd(Mutex<EndState>);

#[derive(Default)]
enum EndState {
    #[default]
    Running,
    /// The body has returned at this time. Its thread flushes std's standard output.
    Returned(BodyEnd, Instant),
    /// The end has been taken, to be reported.
    Taken,
}

/// Progress of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobPhase {
    /// The body runs.
    Running,
    /// The body has returned at this time, and its thread flushes std's standard output.
    Returned(Instant),
    /// The thread ends, and then reports the end.
    Ending,
}

/// The end of a body, without what it printed.
pub(super) struct BodyEnd {
    outcome: Outcome,
    /// The message of an `Err`, to be shown after what the test has printed.
    error: Option<String>,
    /// `None` if the body was dropped before it returned.
    elapsed: Option<Duration>,
    fixtures: Option<Box<FixtureTimes>>,
}

impl PendingEnd {
    fn set(&self, end: BodyEnd) {
        *self.lock() = EndState::Returned(end, Instant::now());
    }

    /// Takes the end of a body that has returned, or else says in which phase the job is.
    pub(super) fn take(&self) -> Result<BodyEnd, JobPhase> {
        let mut state = self.lock();
        match mem::replace(&mut *state, EndState::Taken) {
            EndState::Returned(end, _) => Ok(end),
            EndState::Running => {
                *state = EndState::Running;
                Err(JobPhase::Running)
            }
            EndState::Taken => Err(JobPhase::Ending),
        }
    }

    pub(super) fn phase(&self) -> JobPhase {
        match *self.lock() {
            EndState::Running => JobPhase::Running,
            EndState::Returned(_, at) => JobPhase::Returned(at),
            EndState::Taken => JobPhase::Ending,
        }
    }

    fn lock(&self) -> MutexGuard<'_, EndState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BodyEnd {
    /// Returns the end of a body that was dropped before it returned.
    fn dropped() -> Self {
        Self {
            outcome: Ended::dropped().outcome,
            error: None,
            elapsed: None,
            fixtures: None,
        }
    }

    /// Adds the times of the values of the test, and the errors of closings, which fail a test that has not failed.
    #[cold]
    #[inline(never)]
    fn with_values(mut self, (errors, fixtures): (Vec<String>, FixtureTimes)) -> Self {
        self.fixtures = Some(Box::new(fixtures));
        if errors.is_empty() {
            return self;
        }
        let errors: Vec<String> = self.error.into_iter().chain(errors).collect();
        let error = errors.join("\n\n");
        let outcome = match self.outcome.is_failure() {
            true => self.outcome,
            false => Outcome::Failed(Some(Cause::Error(error.clone()))),
        };
        Self {
            outcome,
            error: Some(error),
            ..self
        }
    }

    /// Appends the error to what the test has printed, and closes its scope.
    pub(super) fn into_ended(self, scope: &Scope) -> Ended {
        if let Some(message) = &self.error {
            scope.append_or_print(format!("Error: {message}\n").as_bytes());
        }
        Ended {
            outcome: self.outcome,
            output: scope.close(),
            elapsed: self.elapsed,
            fixtures: self.fixtures,
        }
    }
}

impl TestThread {
    /// Called on the thread that starts the trial's.
    pub(super) fn new(
        description: Arc<Description>,
        limits: Option<TimeLimits>,
        scope: Arc<Scope>,
        pending_end: Arc<PendingEnd>,
    ) -> Self {
        Self {
            description,
            limits,
            scope,
            pending_end,
            reporting_process: ReportingProcess::new(),
        }
    }

    /// Calls the body, and returns its end; if the schedule has reported the trial already, that end is ignored.
    pub(super) fn run(self, body: impl FnOnce() -> Option<Verdict>) -> Ended {
        let entered = capture::enter(Some(self.scope.clone()), Role::of_this_thread(&self.scope));
        let since = Instant::now();
        let body = || unwind::__rust_begin_short_backtrace(body);
        let result = panic::catch_unwind(AssertUnwindSafe(body));
        // The thread still works for the test, as the closing of its values and the drop of a panic's payload may print.
        let values = match self.reporting_process.is_forked() {
            true => None,
            false => shared::end_test_values(&self.scope),
        };
        let end = match result.transpose() {
            Some(result) => self.judge(result, since.elapsed()),
            None => BodyEnd::dropped(),
        };
        let end = match values {
            Some(values) => end.with_values(*values),
            None => end,
        };
        // Before the lock of the pending end is taken, which another thread may have held at the fork.
        if self.reporting_process.is_forked() {
            drop(entered);
            process::exit_forked(end.outcome.is_failure());
        }
        self.pending_end.set(end);
        // This flushes std's standard output, and may wait for its lock.
        drop(entered);
        match self.pending_end.take() {
            Ok(end) => end.into_ended(&self.scope),
            // The end has been reported already.
            Err(_) => Ended::dropped(),
        }
    }

    fn judge(&self, result: Result<Verdict, Payload>, elapsed: Duration) -> BodyEnd {
        let error = match &result {
            Ok(Err(failed)) => failed.message().map(str::to_owned),
            _ => None,
        };
        let outcome = outcome::judge(&self.description, result, self.scope.take_panic());
        let outcome = match self.limits {
            Some(limits) => outcome.within(&limits, self.description.max_time(), elapsed),
            None => outcome,
        };
        BodyEnd {
            outcome,
            error,
            elapsed: Some(elapsed),
            fixtures: None,
        }
    }
}
