//! The result of a run, for the caller.

use std::process::{self, ExitCode};

use crate::event::Tally;
use crate::process::FAILURE;

/// The result of a run.
///
/// Usually a program calls [`exit`](Self::exit), or returns [`exit_code`](Self::exit_code) from `main`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "call `exit()` or return `exit_code()` to pass the result on"]
pub struct Conclusion {
    /// How many tests and benchmarks were left out by filters.
    pub num_filtered_out: u64,
    /// How many tests passed.
    pub num_passed: u64,
    /// How many tests and benchmarks failed.
    pub num_failed: u64,
    /// How many tests and benchmarks were ignored.
    pub num_ignored: u64,
    /// How many benchmarks were measured.
    pub num_measured: u64,
    /// The report could not be written, so that the numbers may be incomplete, the set-up of a worker process has
    /// failed, or what tests share could not be closed.
    broken: bool,
}

impl Conclusion {
    /// Returns what `main` should return: 0, or 101 after failures.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status() as u8)
    }

    /// Returns whether a test or the set-up of a worker process failed, the report could not be written, or a
    /// [`Shared`](crate::Shared) value not be closed.
    pub fn has_failed(&self) -> bool {
        self.num_failed > 0 || self.broken
    }

    /// Exits the process with code 0, or 101 after failures. Destructors do not run.
    pub fn exit(&self) -> ! {
        process::exit(self.status())
    }

    /// Exits the process with code 101 if there were failures. Destructors do not run then.
    pub fn exit_if_failed(&self) {
        if self.has_failed() {
            self.exit();
        }
    }

    pub(crate) fn new(tally: &Tally) -> Self {
        Self {
            num_filtered_out: tally.filtered_out,
            num_passed: tally.passed,
            num_failed: tally.failed,
            num_ignored: tally.ignored,
            num_measured: tally.measured,
            broken: tally.has_setup_failed,
        }
    }

    pub(crate) fn broken() -> Self {
        Self {
            broken: true,
            ..Self::default()
        }
    }

    /// Makes the run fail, whatever the results of its tests.
    pub(crate) fn into_broken(self) -> Self {
        Self {
            broken: true,
            ..self
        }
    }

    fn status(&self) -> i32 {
        if self.has_failed() { FAILURE } else { 0 }
    }
}
