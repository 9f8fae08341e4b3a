//! Trials that time out, and runs that are given up.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::super::running::RunningTrial;
use super::super::{Driver, Message, stuck_lock};
use super::State;
use crate::capture::{Context, flush};
use crate::event::{Event, Outcome};
use crate::job::Ended;
use crate::plan::Planned;
use crate::trial::Describe;
use crate::unwind;

impl State {
    /// Gives up trials whose time is over, and reports those that have become slow.
    pub(super) fn tick(&mut self, driver: &Arc<Driver>) -> io::Result<()> {
        let now = Instant::now();
        for id in self.running.expired(now) {
            match self.running.take_description(id, now) {
                Some((test, describe)) => describe_aside(id, test, describe, driver.clone()),
                None => self.give_up(id, driver)?,
            }
        }
        if self.settings.concurrency > 1 {
            for description in self.running.take_slow(now) {
                self.output.event(&Event::Slow(&description))?;
            }
        }
        self.wake_for_next_alarm();
        Ok(())
    }

    fn wake_for_next_alarm(&mut self) {
        if let (Some(watchdog), Some(next)) = (&mut self.watchdog, self.running.next_alarm()) {
            watchdog.wake_at(next);
        }
    }

    /// Gives up a trial whose time is over, and has been described.
    pub(super) fn described(
        &mut self,
        id: usize,
        text: &str,
        driver: &Arc<Driver>,
    ) -> io::Result<()> {
        self.running.append(id, text);
        self.give_up(id, driver)
    }

    /// Cancels the future of a trial if it is one that waits. If it is not, or if it is not dropped in time, reports that
    /// the trial has timed out, and leaves its thread alone.
    fn give_up(&mut self, id: usize, driver: &Arc<Driver>) -> io::Result<()> {
        let Some(timeout) = self.running.timeout(id) else {
            return Ok(());
        };
        if let Some(cancellation) = self.running.cancel(id, Instant::now()) {
            // What it has spawned elsewhere may keep a thread that others need.
            self.has_given_up = true;
            self.deferred.cancel(cancellation);
            // It ends by itself, with what its drop prints.
            self.wake_for_next_alarm();
            return Ok(());
        }
        let outcome = Outcome::timed_out(timeout);
        self.cut_short(id, outcome, Some(timeout), driver)
    }

    /// Reports the end of a trial that has not come to its own, and leaves its thread alone.
    fn cut_short(
        &mut self,
        id: usize,
        outcome: Outcome,
        elapsed: Option<Duration>,
        driver: &Arc<Driver>,
    ) -> io::Result<()> {
        if let Some(title) = self.running.title(id).filter(|_| !self.watches_locks) {
            self.watches_locks = true;
            stuck_lock::watch(title, Arc::downgrade(driver));
        }
        self.leave_behind();
        let (ended, cancellation) = self.running.give_up(id, outcome, elapsed);
        if let Some(cancellation) = cancellation {
            self.deferred.cancel(cancellation);
        }
        self.ended(id, ended)
    }

    /// Notes that the thread of a trial goes on after its end is reported, and may keep locks that others need.
    pub(super) fn leave_behind(&mut self) {
        self.has_given_up = true;
        flush::suspect_lock();
    }

    /// Fails what runs and what has not started.
    pub(super) fn fail_rest(&mut self, reason: &str, driver: &Arc<Driver>) -> io::Result<()> {
        let failed = || Outcome::FailedBecause(reason.to_owned());
        self.is_given_up = true;
        for id in self.running.unfinished() {
            self.cut_short(id, failed(), None, driver)?;
        }
        while let Some(planned) = self.queue.take() {
            let Planned { trial, attempt, .. } = planned;
            self.deferred.add(Some(trial.body), trial.options);
            let description = Arc::new(trial.description);
            let ended = match planned.ignored {
                true => Ended::ignored(description.ignore_reason.clone()),
                false => Ended::without_output(failed()),
            };
            let id = self
                .running
                .add(RunningTrial::new(description, attempt, None));
            self.started(id)?;
            self.ended(id, ended)?;
        }
        Ok(())
    }
}

/// Describes a trial that has timed out, on a new thread, as that may block for ever.
fn describe_aside(id: usize, test: Context, describe: Describe, driver: Arc<Driver>) {
    // If there is no thread to be had, the trial is given up when the limit for its description ends.
    let _ = thread::Builder::new()
        .name("test-timeout".to_owned())
        .spawn(move || {
            let text = test.run(|| unwind::contain(|| describe()).unwrap_or_default());
            unwind::contain(|| drop(describe));
            driver.send(Message::Described(id, text));
        });
}
