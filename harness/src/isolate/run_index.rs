//! The number of a run within its process.
//!
//! A worker runs `main` again, which may call `run` more than once. So the runs of a process are numbered in the order of
//! their start. A worker knows the number of the run that it serves, from a variable, and skips the others. Runs within
//! tests have no numbers: a worker runs other tests, whose runs would get the same ones.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::capture;
use crate::process::worker::served_run;

/// The kind of a call of `run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunKind {
    /// Run the trials. This is the run of this number; a run that a test starts has none.
    Run(Option<u32>),
    /// Serve the parent.
    Serve,
    /// Nothing: the worker serves another run.
    Skip,
}

/// The runs of this process.
struct Runs {
    /// The number of runs that have started.
    started: u32,
}

static RUNS: Mutex<Runs> = Mutex::new(Runs { started: 0 });

impl RunKind {
    /// Returns the kind of the next run of this process.
    pub(crate) fn next() -> Self {
        lock().next(served_run(), capture::current().is_some())
    }
}

impl Runs {
    fn next(&mut self, served: Option<u32>, is_within_test: bool) -> RunKind {
        if is_within_test {
            return RunKind::Run(None);
        }
        let number = self.started;
        self.started += 1;
        match served {
            None => RunKind::Run(Some(number)),
            Some(served) if served == number => RunKind::Serve,
            Some(_) => RunKind::Skip,
        }
    }
}

fn lock() -> MutexGuard<'static, Runs> {
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(served: Option<u32>) -> Vec<RunKind> {
        let mut runs = Runs { started: 0 };
        [false, true, false, false]
            .map(|is_within_test| runs.next(served, is_within_test))
            .to_vec()
    }

    #[test]
    fn runs_are_numbered_but_for_those_within_tests() {
        let run = |number| RunKind::Run(Some(number));
        assert_eq!(kinds(None), [run(0), RunKind::Run(None), run(1), run(2)]);
    }

    #[test]
    fn a_worker_serves_its_run_and_no_other() {
        assert_eq!(
            kinds(Some(1)),
            [
                RunKind::Skip,
                RunKind::Run(None),
                RunKind::Serve,
                RunKind::Skip
            ]
        );
    }
}
