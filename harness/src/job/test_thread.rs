//! The thread of a trial, from the start of the body to the judgement of it.
//!
//! | state | event | by whom, on which thread | next state |
//! | --- | --- | --- | --- |
//! | running | the body returns or panics, and is judged | the test's thread | returned: [`PendingEnd`] has the end |
//! | running | the test's time is over | the thread that drives the schedule | reported; the later end of the thread is ignored |
//! | returned | std's standard output is flushed | the test's thread, which takes the end and returns it to the pool | reported |
//! | returned | the test's time is over, as the flush waits for std's lock | the thread that drives the schedule, which takes the end | reported |

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Ended;
use crate::args::TimeLimits;
use crate::capture::{self, Role, Scope};
use crate::event::Outcome;
use crate::event::outcome;
use crate::process::ReportingProcess;
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

/// The end of a body that has returned, until it is reported.
///
/// That is done by the test's thread, after a flush of std's standard output. Where another test keeps the lock
/// of that, the schedule does it when the test's time is over.
#[derive(Default)]
pub(super) struct PendingEnd(Mutex<Option<BodyEnd>>);

/// The end of a body, without what it printed.
pub(super) struct BodyEnd {
    outcome: Outcome,
    /// The message of an `Err`, to be shown after what the test has printed.
    error: Option<String>,
    elapsed: Duration,
}

impl PendingEnd {
    pub(super) fn take(&self) -> Option<BodyEnd> {
        self.lock().take()
    }

    pub(super) fn is_there(&self) -> bool {
        self.lock().is_some()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<BodyEnd>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl BodyEnd {
    /// Appends the error to what the test has printed, and closes its scope.
    pub(super) fn into_ended(self, scope: &Scope) -> Ended {
        if let Some(message) = &self.error {
            scope.append_or_print(format!("Error: {message}\n").as_bytes());
        }
        Ended {
            outcome: self.outcome,
            output: scope.close(),
            elapsed: Some(self.elapsed),
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

    /// Calls the body, and returns what it came to; if the schedule has reported that already, nobody looks at it.
    pub(super) fn run(self, body: impl FnOnce() -> Option<Verdict>) -> Ended {
        let entered = capture::enter(Some(self.scope.clone()), Role::of_this_thread(&self.scope));
        let since = Instant::now();
        let body = || unwind::__rust_begin_short_backtrace(body);
        let result = panic::catch_unwind(AssertUnwindSafe(body));
        if let Some(result) = result.transpose() {
            // The thread still works for the test, as the drop of a panic's payload may print.
            *self.pending_end.lock() = Some(self.judge(result, since.elapsed()));
        }
        // This flushes std's standard output, and may wait for its lock.
        drop(entered);
        match self.pending_end.take() {
            Some(judged) => {
                self.reporting_process
                    .exit_if_forked(judged.outcome.is_failure());
                judged.into_ended(&self.scope)
            }
            None => Ended::dropped(&self.scope),
        }
    }

    fn judge(&self, result: Result<Verdict, Payload>, elapsed: Duration) -> BodyEnd {
        let error = match &result {
            Ok(Err(failed)) => failed.message().map(str::to_owned),
            _ => None,
        };
        let outcome = outcome::judge(&self.description, result, self.scope.take_panic());
        let outcome = match self.limits {
            Some(limits) => outcome.within(&limits, self.description.max_time, elapsed),
            None => outcome,
        };
        BodyEnd {
            outcome,
            error,
            elapsed,
        }
    }
}
