//! Which run of a process is which.
//!
//! A worker runs `main` again, which may call `run` more than once. So the runs of a process are
//! numbered by the order of their start, and a worker is told the number of the one that it serves;
//! it skips those before it, and those after it. The runs that tests start have no numbers: in a
//! worker, which runs other tests, they would be others.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::capture;
use crate::process::worker::served_run;

/// What a call of `run` has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RunKind {
    /// Run the trials. This is the run of this number; a run that a test starts has none.
    Run(Option<u32>),
    /// Serve the parent.
    Serve,
    /// Nothing: the worker serves another run.
    Skip,
}

/// How far a process is.
struct Runs {
    /// How many runs have started.
    started: u32,
}

static RUNS: Mutex<Runs> = Mutex::new(Runs { started: 0 });

impl RunKind {
    /// Decides what the next run of this process is to do.
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
