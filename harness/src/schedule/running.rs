//! The trials that are under way.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::retry::Retry;
use crate::capture::Context;
use crate::event::SLOW_AFTER;
use crate::event::{Attempt, Outcome};
use crate::job::{ENDING_LIMIT, Ended, FLUSH_LIMIT, Handle, JobPhase};
use crate::shared::OpenValues;
use crate::trial::{Cancellation, Describe, Description};
use crate::unwind;

/// Time limit for the description of a trial that has timed out.
const DESCRIPTION_LIMIT: Duration = Duration::from_secs(2);

/// Time limit for the drop of a future that has timed out. What the drop prints is the trial's, and the next trial may
/// need what it releases.
pub(super) const DROP_LIMIT: Duration = Duration::from_secs(1);

/// The trials that are under way, in the order of their start. There are few of them at a time.
#[derive(Default)]
pub(super) struct Running {
    trials: Vec<(usize, RunningTrial)>,
    next: usize,
}

/// A trial that is under way.
pub(super) struct RunningTrial {
    pub(super) description: Arc<Description>,
    /// The time of its start; `None` while it waits for a worker process.
    since: Option<Instant>,
    is_noticed: bool,
    is_ignored: bool,
    is_cancelled: bool,
    timeout: Option<Duration>,
    /// Called once, when the trial has timed out.
    pub(super) describe: Option<Describe>,
    /// Present once the trial has timed out: when the limit for its description, or for the drop of its future, ends.
    given_up_at: Option<Instant>,
    handle: Handle,
    pub(super) attempt: Attempt,
    /// Present if the trial may run again.
    pub(super) again: Option<Retry>,
}

/// Trials whose futures are to be dropped, and whose values closed, at the end of a run that ends before them.
#[derive(Default)]
#[must_use]
pub(super) struct CancelledTrials(Vec<(Arc<Cancellation>, OpenValues)>);

impl CancelledTrials {
    /// Wakes the futures, and waits until the values are closed. It is for when the state is not locked: the wakers are those
    /// of the user's runtimes.
    pub(super) fn close_values(self, limit: Duration) {
        for (cancellation, _) in &self.0 {
            unwind::contain(|| cancellation.cancel());
        }
        let since = Instant::now();
        for (_, values) in &self.0 {
            values.wait(limit.saturating_sub(since.elapsed()));
        }
    }
}

impl RunningTrial {
    /// Returns a trial that has not started yet.
    pub(super) fn new(
        description: Arc<Description>,
        attempt: Attempt,
        again: Option<Retry>,
    ) -> Self {
        Self {
            attempt,
            again,
            description,
            since: None,
            is_noticed: false,
            is_ignored: false,
            is_cancelled: false,
            timeout: None,
            describe: None,
            given_up_at: None,
            handle: Handle::default(),
        }
    }

    fn is_expired(&self, now: Instant) -> bool {
        self.expiry().is_some_and(|expiry| expiry <= now)
    }

    fn is_slow(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| since + SLOW_AFTER <= now)
    }

    /// Returns when the trial is to be given up, by the phase that its job is in.
    fn expiry(&self) -> Option<Instant> {
        match self.handle.phase() {
            Some(JobPhase::Returned(at)) => Some(at + FLUSH_LIMIT),
            Some(JobPhase::Ending) => self.ending_limit(),
            Some(JobPhase::Running) | None => self.limit(),
        }
    }

    fn limit(&self) -> Option<Instant> {
        self.given_up_at
            .or_else(|| self.since?.checked_add(self.timeout?))
    }

    fn ending_limit(&self) -> Option<Instant> {
        self.limit()?.checked_add(ENDING_LIMIT)
    }

    /// Returns how long the trial was allowed to take, if that time is over.
    pub(super) fn expired_after(&self) -> Option<Duration> {
        self.timeout.filter(|_| self.given_up_at.is_some())
    }

    /// Returns when to look at the trial next. A body that returns sets no alarm for its flush, so it is looked at after each
    /// [`FLUSH_LIMIT`].
    fn next_alarm(&self, now: Instant) -> Option<Instant> {
        let slow = self.since.filter(|_| !self.is_noticed);
        let slow = slow.map(|since| since + SLOW_AFTER);
        let flush = self.handle.phase().map(|_| now + FLUSH_LIMIT);
        [slow, flush, self.expiry()].into_iter().flatten().min()
    }
}

impl Running {
    fn get(&self, id: usize) -> Option<&RunningTrial> {
        let mut trials = self.trials.iter();
        trials.find_map(|(other, trial)| (*other == id).then_some(trial))
    }

    fn get_mut(&mut self, id: usize) -> Option<&mut RunningTrial> {
        let mut trials = self.trials.iter_mut();
        trials.find_map(|(other, trial)| (*other == id).then_some(trial))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.trials.len()
    }

    /// Adds a trial and returns its number.
    pub(super) fn add(&mut self, trial: RunningTrial) -> usize {
        let id = self.next;
        self.next += 1;
        self.trials.push((id, trial));
        id
    }

    /// Notes that a trial starts now, and returns what it is, unless another process was to run it before.
    pub(super) fn start(&mut self, id: usize) -> Option<Arc<Description>> {
        let trial = self.get_mut(id).filter(|trial| trial.since.is_none())?;
        trial.since = Some(Instant::now());
        Some(trial.description.clone())
    }

    /// Sets the handle of a trial that has started, its time limit, and the function that describes it after that.
    pub(super) fn set_handle(
        &mut self,
        id: usize,
        handle: Handle,
        timeout: Option<Duration>,
        describe: Option<Describe>,
    ) {
        if let Some(trial) = self.get_mut(id) {
            trial.handle = handle;
            trial.timeout = timeout;
            trial.describe = describe;
        }
    }

    /// Takes the function that describes a trial whose time is over, unless it has been taken. The trial is not given up
    /// before [`DESCRIPTION_LIMIT`] then.
    pub(super) fn take_description(
        &mut self,
        id: usize,
        now: Instant,
    ) -> Option<(Context, Describe)> {
        let trial = self.get_mut(id)?;
        if trial.handle.phase() != Some(JobPhase::Running) {
            return None;
        }
        let describe = trial.describe.take()?;
        trial.given_up_at = Some(now + DESCRIPTION_LIMIT);
        Some((trial.handle.context(), describe))
    }

    /// Appends to what a trial has printed.
    pub(super) fn append(&self, id: usize, text: &str) {
        if let Some(trial) = self.get(id) {
            trial.handle.append(text.as_bytes());
        }
    }

    /// Says whether a trial is under way that runs alone.
    pub(super) fn has_serial(&self) -> bool {
        let is_serial = |trial: &RunningTrial| trial.description.is_serial;
        // Such a trial is the only one.
        self.trials
            .first()
            .is_some_and(|(_, trial)| is_serial(trial))
    }

    /// Removes a trial that ended.
    pub(super) fn remove(&mut self, id: usize) -> Option<RunningTrial> {
        let index = self.trials.iter().position(|(other, _)| *other == id)?;
        Some(self.trials.remove(index).1)
    }

    /// Returns the trials that have taken too long.
    pub(super) fn expired(&self, now: Instant) -> Vec<usize> {
        let expired = self
            .trials
            .iter()
            .filter(|(_, trial)| trial.is_expired(now));
        expired.map(|(id, _)| *id).collect()
    }

    /// Returns the title of a trial.
    pub(super) fn title(&self, id: usize) -> Option<String> {
        Some(self.get(id)?.description.title().into_owned())
    }

    /// Returns how long a trial may take.
    pub(super) fn timeout(&self, id: usize) -> Option<Duration> {
        self.get(id)?.timeout
    }

    /// Returns the cancellation of a trial whose future waits, unless it has been returned before. The trial is not given
    /// up before [`DROP_LIMIT`] then, so that its future can be dropped.
    pub(super) fn cancel(&mut self, id: usize, now: Instant) -> Option<Arc<Cancellation>> {
        let trial = self.get_mut(id)?;
        let cancellation = trial.handle.cancellation()?;
        if mem::replace(&mut trial.is_cancelled, true) || !cancellation.is_waiting() {
            return None;
        }
        trial.given_up_at = Some(now + DROP_LIMIT);
        Some(cancellation)
    }

    /// Cancels the futures that wait of trials which have values for themselves, so that those are closed.
    pub(super) fn cancel_with_values(&mut self) -> CancelledTrials {
        let now = Instant::now();
        let mut cancelled = Vec::new();
        for id in self.unfinished() {
            let values = self.get(id).and_then(|trial| trial.handle.open_values());
            let Some(values) = values else { continue };
            if let Some(cancellation) = self.cancel(id, now) {
                cancelled.push((cancellation, values));
            }
        }
        CancelledTrials(cancelled)
    }

    /// Gives up a trial, and leaves its thread alone. Returns its end, which is `outcome` unless the body has returned,
    /// and its cancellation; or `None` if its thread is about to report the end, unless `is_overdue`.
    pub(super) fn give_up(
        &mut self,
        id: usize,
        outcome: Outcome,
        elapsed: Option<Duration>,
        is_overdue: bool,
    ) -> Option<(Ended, Option<Arc<Cancellation>>)> {
        let trial = self.get_mut(id)?;
        trial.handle.flush();
        trial.handle.give_up(outcome, elapsed, is_overdue)
    }

    /// Says whether the body of a trial has returned.
    pub(super) fn has_returned(&self, id: usize) -> bool {
        let phase = self.get(id).and_then(|trial| trial.handle.phase());
        matches!(phase, Some(JobPhase::Returned(_)))
    }

    /// Returns the end of a trial whose body has returned, unless its thread has taken that.
    pub(super) fn take_returned(&mut self, id: usize) -> Option<Ended> {
        self.get(id)?.handle.take_returned()
    }

    /// Says whether the thread of a trial should have ended by now.
    pub(super) fn is_end_overdue(&self, id: usize, now: Instant) -> bool {
        let Some(trial) = self.get(id) else {
            return false;
        };
        trial.handle.phase() == Some(JobPhase::Ending)
            && trial.ending_limit().is_some_and(|limit| limit <= now)
    }

    /// Returns the numbers of all trials but ignored ones, whose ends are on their way as messages.
    pub(super) fn unfinished(&self) -> Vec<usize> {
        let trials = self.trials.iter();
        let unfinished = trials.filter(|(_, trial)| !trial.is_ignored);
        unfinished.map(|(id, _)| *id).collect()
    }

    /// Notes that a trial is reported as ignored.
    pub(super) fn ignore(&mut self, id: usize) {
        if let Some(trial) = self.get_mut(id) {
            trial.is_ignored = true;
        }
    }

    /// Returns all that have started.
    pub(super) fn descriptions(&self) -> Vec<Arc<Description>> {
        let started = self
            .trials
            .iter()
            .map(|(_, trial)| trial)
            .filter(|trial| trial.since.is_some());
        started.map(|trial| trial.description.clone()).collect()
    }

    /// Returns all that wait for a worker process.
    pub(super) fn waiting(&self) -> Vec<Arc<Description>> {
        let waiting = self
            .trials
            .iter()
            .map(|(_, trial)| trial)
            .filter(|trial| trial.since.is_none());
        waiting.map(|trial| trial.description.clone()).collect()
    }

    /// Returns the trials that have become slow since the last call.
    pub(super) fn take_slow(&mut self, now: Instant) -> Vec<Arc<Description>> {
        let mut slow = Vec::new();
        for trial in self.trials.iter_mut().map(|(_, trial)| trial) {
            if !trial.is_noticed && trial.is_slow(now) {
                trial.is_noticed = true;
                slow.push(trial.description.clone());
            }
        }
        slow
    }

    /// Returns when the next trial is to be looked at, as it may be slow, or too slow.
    pub(super) fn next_alarm(&self, now: Instant) -> Option<Instant> {
        self.trials
            .iter()
            .filter_map(|(_, trial)| trial.next_alarm(now))
            .min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> Running {
        let mut running = Running::default();
        let description = crate::Trial::test("t", || Ok(())).description;
        let id = running.add(RunningTrial::new(
            Arc::new(description),
            Attempt::first(1),
            None,
        ));
        assert_eq!(running.next_alarm(Instant::now()), None);
        running.start(id);
        running
    }

    #[test]
    fn a_slow_trial_is_noticed_once() {
        let mut running = running();
        let now = Instant::now();
        assert!(running.take_slow(now).is_empty());
        assert_eq!(running.take_slow(now + SLOW_AFTER).len(), 1);
        assert!(running.take_slow(now + SLOW_AFTER).is_empty());
        assert_eq!(running.next_alarm(now), None);
    }

    #[test]
    fn a_trial_expires_after_its_timeout() {
        let mut running = running();
        let timeout = Duration::from_secs(5);
        running.set_handle(0, Handle::default(), Some(timeout), None);
        let now = Instant::now();
        assert!(running.expired(now).is_empty());
        assert_eq!(running.expired(now + timeout), [0]);
        assert!(
            running
                .next_alarm(now)
                .is_some_and(|alarm| alarm <= now + timeout)
        );
        assert_eq!(running.timeout(0), Some(timeout));
    }

    #[test]
    fn a_timeout_that_the_clock_does_not_reach_never_comes() {
        let mut running = running();
        running.set_handle(0, Handle::default(), Some(Duration::MAX), None);
        let now = Instant::now();
        assert!(running.expired(now).is_empty());
        assert!(
            running
                .next_alarm(now)
                .is_some_and(|alarm| alarm <= now + SLOW_AFTER)
        );
    }
}
