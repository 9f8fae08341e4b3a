//! Trials that time out, and runs that are given up.

use std::io;
use std::mem;
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
            if self.running.has_returned(id) {
                self.report_returned(id, driver)?;
                continue;
            }
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
        let next = self.running.next_alarm(Instant::now());
        if let (Some(watchdog), Some(next)) = (&mut self.watchdog, next) {
            watchdog.wake_at(next);
        }
    }

    /// Reports a trial whose body has returned, and whose thread waits for std's lock to flush standard output.
    fn report_returned(&mut self, id: usize, driver: &Arc<Driver>) -> io::Result<()> {
        let Some(ended) = self.running.take_returned(id) else {
            // The thread has flushed meanwhile, and reports the end.
            return Ok(());
        };
        self.watch_locks(None, driver);
        self.leave_behind();
        self.ended(id, ended)
    }

    /// Starts the thread that waits for std's locks, once. `title` is that of the trial that keeps one, if that is known.
    fn watch_locks(&mut self, title: Option<String>, driver: &Arc<Driver>) {
        if !mem::replace(&mut self.watches_locks, true) {
            stuck_lock::watch(title, Arc::downgrade(driver));
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
        let now = Instant::now();
        if let Some(cancellation) = self.running.cancel(id, now) {
            // A task that the trial has spawned on a runtime of others may keep a thread that they need.
            self.has_given_up = true;
            self.deferred.cancel(cancellation);
            // The trial ends by itself, with what the drop of its future prints.
            self.wake_for_next_alarm();
            return Ok(());
        }
        let outcome = Outcome::timed_out(timeout);
        let is_overdue = self.running.is_end_overdue(id, now);
        self.cut_short(id, outcome, Some(timeout), is_overdue, driver)
    }

    /// Reports the end of a trial that has not come to its own, and leaves its thread alone. If that is about to report the
    /// end, it does so, unless it `is_overdue`.
    fn cut_short(
        &mut self,
        id: usize,
        outcome: Outcome,
        elapsed: Option<Duration>,
        is_overdue: bool,
        driver: &Arc<Driver>,
    ) -> io::Result<()> {
        let title = self.running.title(id);
        self.leave_behind();
        let Some((ended, cancellation)) = self.running.give_up(id, outcome, elapsed, is_overdue)
        else {
            return Ok(());
        };
        self.watch_locks(title, driver);
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

    /// Fails the trials that run, and those that have not started.
    pub(super) fn fail_rest(&mut self, reason: &str, driver: &Arc<Driver>) -> io::Result<()> {
        let failed = || Outcome::FailedBecause(reason.to_owned());
        self.is_given_up = true;
        for id in self.running.unfinished() {
            self.cut_short(id, failed(), None, true, driver)?;
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
    // If no thread can be started, the trial is given up when the limit for its description ends.
    let _ = thread::Builder::new()
        .name("test-timeout".to_owned())
        .spawn(move || {
            let text = test.run(|| unwind::contain(|| describe()).unwrap_or_default());
            unwind::contain(|| drop(describe));
            driver.send(Message::Described(id, text));
        });
}
