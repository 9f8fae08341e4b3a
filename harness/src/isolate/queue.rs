//! The trials that wait for a worker, and those that workers were sent ahead.
//!
//! Sending ahead is for suites of thousands of short tests: a worker that was asked for one test at a time would wait for
//! the parent after each. In an unoptimised build on two cores a test that does nothing then takes 170 to 200 us in
//! place of 40 to 50 with one worker, and 100 us in place of 65 with two; with `--reuse-threads` 30 in place of 20.

use std::collections::VecDeque;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::Submission;
use super::frame;
use super::protocol::Call;

/// The length of the names that are sent ahead at once, in bytes. Sending them must not block: the worker may be
/// blocked itself, until its replies are read.
const MAX_BYTES: usize = 16 << 10;

/// The trials of a pool that no slot has taken.
pub(super) struct Submissions {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    jobs: VecDeque<Submission>,
    /// For each slot, the socket of its worker if that has trials which could be called back.
    backlogs: Vec<Option<Arc<UnixStream>>>,
    idle: usize,
    is_closed: bool,
}

impl Submissions {
    pub(super) fn new(slots: usize) -> Self {
        let state = State {
            jobs: VecDeque::new(),
            backlogs: vec![None; slots],
            idle: 0,
            is_closed: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Adds a trial.
    pub(super) fn push(&self, job: Submission) {
        let mut state = self.lock();
        state.jobs.push_back(job);
        if state.idle > 0 {
            self.changed.notify_one();
        }
    }

    /// Puts trials back that came from here, before all others.
    pub(super) fn requeue(&self, jobs: impl DoubleEndedIterator<Item = Submission>) {
        let mut state = self.lock();
        for job in jobs.rev() {
            state.jobs.push_front(job);
        }
        self.changed.notify_all();
    }

    /// Ends the wait of all slots.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }

    /// Returns a trial. Waits for one, and calls those back that other workers were sent ahead;
    /// `None` says that the queue was closed.
    pub(super) fn wait(&self) -> Option<Submission> {
        let mut state = self.lock();
        loop {
            if state.is_closed {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state.recall();
            state.idle += 1;
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
        }
    }

    /// Returns up to `most` trials to be sent ahead by a slot over `link`, and no more than its
    /// share of what there is, or than the socket has room for.
    pub(super) fn take_ahead(
        &self,
        slot: usize,
        most: usize,
        link: &Arc<UnixStream>,
    ) -> Vec<Submission> {
        let mut state = self.lock();
        // The slots that wait have been woken for these trials.
        if state.idle > 0 {
            return Vec::new();
        }
        let share = state.jobs.len().div_ceil(state.backlogs.len());
        let mut room = MAX_BYTES;
        let fitting = state.jobs.iter().take_while(|job| {
            room = room.saturating_sub(job.request.name.len());
            room > 0
        });
        let count = fitting.take(most.min(share)).count();
        let jobs: Vec<Submission> = state.jobs.drain(..count).collect();
        if !jobs.is_empty() {
            state.backlogs[slot] = Some(link.clone());
        }
        jobs
    }

    /// Notes that the worker of a slot, over `link`, has trials that were sent after a call for return. They are called
    /// back at once if a slot waits for trials and there are no others: that call is no use to it.
    pub(super) fn restore_backlog(&self, slot: usize, link: &Arc<UnixStream>) {
        let mut state = self.lock();
        state.backlogs[slot] = Some(link.clone());
        if state.idle > 0 && state.jobs.is_empty() {
            state.recall();
        }
    }

    /// Notes that the worker of a slot has no trials that it was sent ahead.
    pub(super) fn clear_backlog(&self, slot: usize) {
        self.lock().backlogs[slot] = None;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Calls back the trials that one worker was sent ahead. Its slot puts them back into this queue.
    fn recall(&mut self) {
        if let Some(link) = self.backlogs.iter_mut().find_map(Option::take) {
            // If the worker has gone its slot puts the trials back all the same.
            let _ = frame::send(&mut &*link, Call::encode_return);
        }
    }
}
