//! The trials that the arguments select.

use super::{UnknownTag, last_failed};
use crate::args::Arguments;
use crate::process::is_worker;
use crate::trial::{Description, ShouldPanic, Trial};

impl Arguments {
    /// Says whether running `trials` would execute the body of any of them.
    ///
    /// It is false for `--list`, for an empty selection, for a `--tag` that no test has, for one of ignored tests only, as `--last-failed` may
    /// leave it, and with `--isolate` in the process that only starts the workers. A program need not start then what its
    /// tests need, such as an interpreter.
    pub fn would_run(&self, trials: &[Trial]) -> bool {
        let selected = || trials.iter().filter(|trial| !self.is_filtered_out(trial));
        let failed = last_failed::Selection::new(self, selected());
        let runs = |trial: &Trial| {
            !self.is_ignored(trial) && failed.as_ref().is_none_or(|failed| failed.has(trial))
        };
        !self.list
            && !self.starts_workers()
            && selected().any(runs)
            && UnknownTag::check(self, trials).is_ok()
    }

    /// Says whether a run reports `trial` as ignored instead of running it, if it is selected.
    ///
    /// ```
    /// use libtest_async::{Arguments, Trial};
    ///
    /// let args = Arguments::parse(["suite", "--skip", "slow"]).unwrap();
    /// let trial = Trial::test("slow", || Ok(())).with_ignored_flag(true);
    /// assert!(args.is_ignored(&trial) && args.is_filtered_out(&trial));
    /// ```
    pub fn is_ignored(&self, trial: &Trial) -> bool {
        self.ignores(trial.description())
    }

    /// Says whether a run leaves `trial` out: because of the filters, of `--skip`,
    /// `--exclude-should-panic`, `--ignored`, `--tag` or `--shard`. What `--last-failed` leaves out is not known here.
    pub fn is_filtered_out(&self, trial: &Trial) -> bool {
        !self.selects(trial.description())
    }

    /// Says whether this process leaves the trials to workers.
    pub(crate) fn starts_workers(&self) -> bool {
        self.isolate && !is_worker() && std::env::var_os("NEXTEST").is_none()
    }

    /// Says whether the trial is selected, by its name and its attributes.
    pub(crate) fn selects(&self, description: &Description) -> bool {
        let matches = |filter: &String| self.matches(description, filter);
        (self.filters.is_empty() || self.filters.iter().any(matches))
            && !self.skip.iter().any(matches)
            && !(self.exclude_should_panic && description.should_panic != ShouldPanic::No)
            && (!self.ignored || description.ignored)
            && self
                .shard
                .is_none_or(|shard| shard.has(&description.title()))
            && self
                .tag
                .as_ref()
                .is_none_or(|filter| filter.matches(description.tags()))
    }

    /// Says whether a selected trial is reported as ignored instead of run.
    pub(crate) fn ignores(&self, description: &Description) -> bool {
        let by_attribute = description.ignored && !self.ignored && !self.include_ignored;
        let by_bench = self.bench && !self.test && !description.is_bench;
        by_attribute || by_bench
    }

    fn matches(&self, description: &Description, filter: &str) -> bool {
        match self.exact {
            true => description.name == filter || description.title() == filter,
            false => description.title().contains(filter),
        }
    }
}
