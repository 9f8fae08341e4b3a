//! The trials that have not started, and when they may.

use std::collections::VecDeque;
use std::sync::Arc;

use super::deferred_drops::DeferredDrops;
use crate::plan::Planned;
use crate::trial::Description;

/// The trials that have not started, in order.
pub(super) struct WaitingTrials {
    tests: VecDeque<Planned>,
    benchmarks: VecDeque<Planned>,
    /// The number of trials that may be running, or waiting for a worker, at once.
    capacity: usize,
    /// One test runs at a time.
    has_one_thread: bool,
}

impl WaitingTrials {
    /// Up to `concurrency` tests run at once; up to `capacity` are running, or waiting for a worker process.
    pub(super) fn new(
        tests: Vec<Planned>,
        benchmarks: Vec<Planned>,
        concurrency: usize,
        capacity: usize,
    ) -> Self {
        Self {
            tests: tests.into(),
            benchmarks: benchmarks.into(),
            capacity,
            has_one_thread: concurrency == 1,
        }
    }

    /// Returns all that have not started.
    pub(super) fn descriptions(&self) -> impl Iterator<Item = Arc<Description>> {
        let all = self.tests.iter().chain(&self.benchmarks);
        all.map(|planned| Arc::new(planned.trial.description().clone()))
    }

    /// Returns the next trial, if it may start while so many are under way, none of which is serial.
    pub(super) fn next(&mut self, running: usize) -> Option<Planned> {
        let Some(test) = self.tests.front() else {
            // Benchmarks run at the end, one at a time.
            return (running == 0).then(|| self.benchmarks.pop_front())?;
        };
        // With one test at a time the name is on the screen until the test ends, and one that is
        // ignored has to wait for that.
        let is_last_line_open = self.has_one_thread && running > 0 && test.ignored;
        let runs_alone = test.trial.description().is_serial && !test.ignored;
        let has_to_wait = is_last_line_open || runs_alone && running > 0;
        if running >= self.capacity || has_to_wait {
            return None;
        }
        self.tests.pop_front()
    }

    /// Returns the next trial, which is not to start.
    pub(super) fn take(&mut self) -> Option<Planned> {
        self.tests
            .pop_front()
            .or_else(|| self.benchmarks.pop_front())
    }

    /// Puts a trial before all others.
    pub(super) fn put_first(&mut self, planned: Planned) {
        self.tests.push_front(planned);
    }

    /// Removes all trials.
    pub(super) fn clear(&mut self, deferred: &mut DeferredDrops) {
        let all = self.tests.drain(..).chain(self.benchmarks.drain(..));
        all.for_each(|planned| deferred.add_trial(planned.trial));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Trial;
    use crate::event::Attempt;

    fn planned(name: &str) -> Planned {
        Planned {
            trial: Trial::test(name, || Ok(())),
            ignored: name.starts_with("ignored"),
            occurrence: 0,
            attempt: Attempt::first(1),
        }
    }

    fn queue(tests: &[&str], benchmarks: &[&str], concurrency: usize) -> WaitingTrials {
        let plan = |names: &[&str]| names.iter().map(|name| planned(name)).collect();
        WaitingTrials::new(
            plan(tests),
            plan(benchmarks),
            concurrency,
            concurrency.max(2),
        )
    }

    fn next(queue: &mut WaitingTrials, running: usize) -> Option<String> {
        let next = queue.next(running)?;
        Some(next.trial.name().to_owned())
    }

    #[test]
    fn no_more_start_than_there_is_room_for() {
        let mut queue = queue(&["a", "b"], &[], 2);
        assert_eq!(next(&mut queue, 2), None);
        assert_eq!(next(&mut queue, 1).as_deref(), Some("a"));
        queue.put_first(planned("again"));
        assert_eq!(next(&mut queue, 0).as_deref(), Some("again"));
        assert_eq!(queue.descriptions().count(), 1);
    }

    #[test]
    fn benchmarks_run_after_the_tests_and_alone() {
        let mut queue = queue(&["a"], &["bench", "other"], 4);
        assert_eq!(next(&mut queue, 0).as_deref(), Some("a"));
        assert_eq!(next(&mut queue, 1), None);
        assert_eq!(next(&mut queue, 0).as_deref(), Some("bench"));
        assert_eq!(next(&mut queue, 1), None);
    }

    #[test]
    fn an_ignored_test_waits_for_the_line_of_the_one_before() {
        let names = ["ignored", "a"];
        let mut ahead = queue(&names, &[], 1);
        assert_eq!(next(&mut ahead, 1), None);
        assert_eq!(next(&mut ahead, 0).as_deref(), Some("ignored"));
        assert_eq!(next(&mut ahead, 1).as_deref(), Some("a"));
        let mut concurrent = queue(&names, &[], 8);
        assert_eq!(next(&mut concurrent, 1).as_deref(), Some("ignored"));
    }
}
