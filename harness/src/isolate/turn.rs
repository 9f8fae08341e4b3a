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
pub(crate) enum Turn {
    /// Run the trials. This is the run of this number; a run that a test starts has none.
    Run(Option<u32>),
    /// Serve the parent.
    Serve,
    /// Nothing: the worker serves another run.
    Skip,
}

/// How far a process is.
struct Progress {
    /// How many runs have started.
    runs: u32,
}

static PROGRESS: Mutex<Progress> = Mutex::new(Progress { runs: 0 });

impl Turn {
    /// Decides what the next run of this process is to do.
    pub(crate) fn next() -> Self {
        lock().next(served_run(), capture::current().is_some())
    }
}

impl Progress {
    fn next(&mut self, served: Option<u32>, is_within_test: bool) -> Turn {
        if is_within_test {
            return Turn::Run(None);
        }
        let number = self.runs;
        self.runs += 1;
        match served {
            None => Turn::Run(Some(number)),
            Some(served) if served == number => Turn::Serve,
            Some(_) => Turn::Skip,
        }
    }
}

fn lock() -> MutexGuard<'static, Progress> {
    PROGRESS.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(served: Option<u32>) -> Vec<Turn> {
        let mut progress = Progress { runs: 0 };
        [false, true, false, false]
            .map(|is_within_test| progress.next(served, is_within_test))
            .to_vec()
    }

    #[test]
    fn runs_are_numbered_but_for_those_within_tests() {
        let run = |number| Turn::Run(Some(number));
        assert_eq!(turns(None), [run(0), Turn::Run(None), run(1), run(2)]);
    }

    #[test]
    fn a_worker_serves_its_run_and_no_other() {
        assert_eq!(
            turns(Some(1)),
            [Turn::Skip, Turn::Run(None), Turn::Serve, Turn::Skip]
        );
    }
}
