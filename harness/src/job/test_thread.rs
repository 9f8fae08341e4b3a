//! The thread of a trial, from the start of the body to the judgement of it.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Ended;
use crate::body::Verdict;
use crate::capture::{self, Role, Scope};
use crate::outcome::{self, Outcome, Payload};
use crate::process::Home;
use crate::time::TimeLimits;
use crate::trial::Description;
use crate::unwind;

/// Needed on a trial's thread, beside the body.
pub(super) struct TestThread {
    description: Arc<Description>,
    limits: Option<TimeLimits>,
    scope: Arc<Scope>,
    home: Home,
}

impl TestThread {
    /// Called on the thread that starts the trial's.
    pub(super) fn new(
        description: Arc<Description>,
        limits: Option<TimeLimits>,
        scope: Arc<Scope>,
    ) -> Self {
        Self {
            description,
            limits,
            scope,
            home: Home::new(),
        }
    }

    /// Calls the body, and returns what it came to.
    pub(super) fn run(self, body: impl FnOnce() -> Option<Verdict>) -> Ended {
        let entered = self.enter(Role::of_this_thread(&self.scope));
        let since = Instant::now();
        let body = || unwind::__rust_begin_short_backtrace(body);
        let result = panic::catch_unwind(AssertUnwindSafe(body));
        drop(entered);
        match result.transpose() {
            Some(result) => self.end(result, since.elapsed()),
            None => Ended::dropped(&self.scope),
        }
    }

    fn end(self, result: Result<Verdict, Payload>, elapsed: Duration) -> Ended {
        if let Ok(Err(failed)) = &result {
            if let Some(message) = failed.message() {
                self.scope
                    .append_or_print(format!("Error: {message}\n").as_bytes());
            }
        }
        let outcome = self.judge(result, elapsed);
        self.home.end_child(&outcome);
        Ended {
            outcome,
            output: self.scope.close(),
            elapsed: Some(elapsed),
        }
    }

    fn judge(&self, result: Result<Verdict, Payload>, elapsed: Duration) -> Outcome {
        // What the drop of a panic's payload prints is the test's.
        let _entered = result.is_err().then(|| self.enter(Role::Poll));
        let outcome = outcome::judge(&self.description, result);
        match self.limits {
            Some(limits) => limits.enforce(outcome, elapsed),
            None => outcome,
        }
    }

    fn enter(&self, role: Role) -> capture::Entered {
        capture::enter(Some(self.scope.clone()), role)
    }
}
