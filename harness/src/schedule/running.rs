//! The trials that are under way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use crate::time::SLOW;
use crate::trial::Description;

/// The trials that are under way, by the order of their start.
#[derive(Default)]
pub(super) struct Running {
    trials: BTreeMap<usize, Trial>,
    next: usize,
}

struct Trial {
    description: Arc<Description>,
    since: Instant,
    is_noticed: bool,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    pub(super) fn is_empty(&self) -> bool {
        self.trials.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.trials.len()
    }

    /// Adds a trial that starts now and returns its number.
    pub(super) fn add(&mut self, description: Arc<Description>) -> usize {
        let id = self.next;
        self.next += 1;
        let trial = Trial {
            description,
            since: Instant::now(),
            is_noticed: false,
            thread: None,
        };
        self.trials.insert(id, trial);
        id
    }

    /// Notes the thread that a trial runs on.
    pub(super) fn set_thread(&mut self, id: usize, thread: Option<JoinHandle<()>>) {
        if let Some(trial) = self.trials.get_mut(&id) {
            trial.thread = thread;
        }
    }

    /// Removes a trial and waits for the end of its thread, which is near: thread-local values of
    /// the test are dropped before its result is shown.
    pub(super) fn remove(&mut self, id: usize) -> Option<Arc<Description>> {
        let trial = self.trials.remove(&id)?;
        if let Some(thread) = trial.thread {
            let _ = thread.join();
        }
        Some(trial.description)
    }

    /// Returns the trials that have become slow since the last call.
    pub(super) fn take_slow(&mut self, now: Instant) -> Vec<Arc<Description>> {
        let mut slow = Vec::new();
        for trial in self.trials.values_mut() {
            if !trial.is_noticed && trial.since + SLOW <= now {
                trial.is_noticed = true;
                slow.push(trial.description.clone());
            }
        }
        slow
    }

    /// Returns when the next trial becomes slow.
    pub(super) fn next_slow(&self) -> Option<Instant> {
        let waiting = self.trials.values().filter(|trial| !trial.is_noticed);
        waiting.map(|trial| trial.since + SLOW).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_trial_is_noticed_once() {
        let mut running = Running::default();
        let trial = crate::Trial::test("t", || Ok(()));
        running.add(Arc::new(trial.description));
        let now = Instant::now();
        assert!(running.take_slow(now).is_empty());
        assert_eq!(running.take_slow(now + SLOW).len(), 1);
        assert!(running.take_slow(now + SLOW).is_empty());
        assert_eq!(running.next_slow(), None);
    }
}
