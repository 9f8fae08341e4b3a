//! How trials are to run.

use std::time::Duration;

use crate::args::{Arguments, TimeLimits};
use crate::capture::Destination;
use crate::job::Thread;

/// How trials are to run.
pub(crate) struct Settings {
    /// How many at once.
    pub(super) concurrency: usize,
    /// Whether benchmarks are measured, not just tried.
    pub(super) measures: bool,
    pub(super) destination: Destination,
    pub(super) show_output: bool,
    /// No trial starts after so many failures.
    pub(super) most_failures: Option<u64>,
    pub(super) limits: Option<TimeLimits>,
    /// How long a trial may run that says nothing else.
    pub(super) timeout: Option<Duration>,
    /// Whether a trial has failed that passes after having failed.
    pub(super) fails_on_flaky: bool,
    /// The kind of threads that trials run on.
    pub(super) thread: Thread,
}

impl Settings {
    pub(crate) fn new(args: &Arguments, concurrency: usize, limits: Option<TimeLimits>) -> Self {
        Self {
            concurrency,
            measures: args.bench,
            destination: match args.nocapture {
                true => Destination::PassThrough,
                false => Destination::Scope,
            },
            show_output: args.show_output,
            most_failures: if args.fail_fast {
                Some(1)
            } else {
                args.max_failures
            },
            limits,
            timeout: args.timeout,
            fails_on_flaky: args.fail_on_flaky,
            thread: args.thread(),
        }
    }
}
