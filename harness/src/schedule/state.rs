//! The state of a run: the trials that wait, the trials that run, and the tally of those that have ended.

mod give_up;

use std::io;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::deferred_drops::DeferredDrops;
use super::phase::RunPhase;
use super::queue::WaitingTrials;
use super::retry::Retry;
use super::running::{CancelledTrials, DROP_LIMIT, Running, RunningTrial};
use super::settings::Settings;
use super::watchdog::Watchdog;
use super::{Driver, Message};
use crate::event::SLOW_AFTER;
use crate::event::{Event, Finished, Outcome, Tally};
use crate::isolate::{self, Pool, Progress, Request};
use crate::job::{Ended, FLUSH_LIMIT, Job, ThreadPool};
use crate::plan::{Plan, Planned};
use crate::process::print_error;
use crate::report::Output;
use crate::shared;
use crate::trial::Options;

/// Printed below the output of a trial that asks for retries, and cannot have any.
const NOT_RETRIED: &[u8] =
    b"note: not retried, as its code can run only once in a process: see `Trial::repeatable`, or use --isolate\n";

/// The state of a run.
pub(crate) struct State {
    settings: Settings,
    output: Output,
    queue: WaitingTrials,
    shuffle_seed: Option<u64>,
    running: Running,
    threads: ThreadPool<Ended>,
    /// The processes that trials run in, if it is not this one.
    pool: Option<Pool>,
    watchdog: Option<Watchdog>,
    tally: Tally,
    phase: RunPhase,
    /// A trial took too long, or still ran at the end of the run, and its thread may go on.
    has_given_up: bool,
    /// No trial can come to its end any more.
    is_given_up: bool,
    /// A thread waits for std's locks, see [`stuck_lock`](super::stuck_lock).
    watches_locks: bool,
    deferred: DeferredDrops,
}

/// The workers and closures that a run leaves behind. They are ended when the state is not locked: threads that wait for
/// worker processes may have messages.
#[must_use]
pub(super) struct Remains {
    pool: Option<Pool>,
    pool_limit: Option<Duration>,
    cancelled: CancelledTrials,
    deferred: DeferredDrops,
}

impl Remains {
    /// Ends worker processes, and waits for them; closes what tests have that go on; then drops what trials did not need any more.
    pub(super) fn end(self) {
        if let Some(pool) = self.pool {
            pool.end(self.pool_limit);
        }
        self.cancelled.close_values(DROP_LIMIT);
        drop(self.deferred);
    }
}

/// The result of a step: the tally of a run that has ended, or nothing yet.
type Step = Option<io::Result<Tally>>;

impl State {
    pub(crate) fn new(settings: Settings, output: Output, plan: Plan, pool: Option<Pool>) -> Self {
        let tally = Tally {
            total: plan.len(),
            filtered_out: plan.filtered_out as u64,
            ..Tally::default()
        };
        let concurrency = settings.concurrency;
        let capacity = pool.as_ref().map_or(concurrency, Pool::capacity);
        Self {
            queue: WaitingTrials::new(plan.tests, plan.benchmarks, concurrency, capacity),
            threads: ThreadPool::new(settings.thread),
            settings,
            output,
            shuffle_seed: plan.shuffle_seed,
            running: Running::default(),
            pool,
            watchdog: None,
            tally,
            phase: RunPhase::New,
            has_given_up: false,
            is_given_up: false,
            watches_locks: false,
            deferred: DeferredDrops::default(),
        }
    }

    /// Starts the run.
    pub(super) fn begin(&mut self, driver: &Arc<Driver>) -> Step {
        self.phase = RunPhase::running(driver);
        self.watchdog = Some(Watchdog::new(Arc::downgrade(driver)));
        let (total, shuffle_seed) = (self.tally.total, self.shuffle_seed);
        let begun = self.output.event(&Event::RunStarted {
            total,
            shuffle_seed,
        });
        let step = begun.and_then(|()| self.proceed(driver));
        self.conclude(step)
    }

    /// Handles a message.
    pub(super) fn handle(&mut self, message: Message, driver: &Arc<Driver>) -> Step {
        if self.phase.is_over() {
            return None;
        }
        let noted = match message {
            Message::Started(id) => self.started(id),
            Message::Ended(id, ended) => self.ended(id, ended),
            Message::Described(id, text) => self.described(id, &text, driver),
            Message::SetupFailed(output) => {
                print_error(&output);
                self.tally.has_setup_failed = true;
                Ok(())
            }
            Message::GivenUp(reason) => self.fail_rest(&reason, driver),
            Message::Tick => self.tick(driver),
        };
        let step = noted.and_then(|()| self.proceed(driver));
        self.conclude(step)
    }

    /// Returns the names of what is running.
    pub(super) fn running(&self) -> Vec<String> {
        let descriptions = self.running.descriptions();
        descriptions
            .iter()
            .map(|description| description.title().into_owned())
            .collect()
    }

    /// Reports what ran until now, the run being interrupted; `false` if nothing runs.
    pub(super) fn interrupt(&mut self) -> bool {
        if !self.phase.is_running() {
            return false;
        }
        self.tally.is_interrupted = true;
        // The process ends now, whether or not that can be written.
        let _ = self.report_end();
        self.phase = RunPhase::Over;
        true
    }

    /// Does what [`interrupt`](Self::interrupt) does, and returns the worker processes, which are to be ended,
    /// and the trials whose values are to be closed.
    pub(super) fn interrupt_all(&mut self) -> (Option<Pool>, CancelledTrials) {
        self.interrupt();
        (self.pool.take(), self.running.cancel_with_values())
    }

    /// Returns how many trials have ended.
    pub(super) fn ended_trials(&self) -> u64 {
        let Tally {
            passed,
            failed,
            ignored,
            measured,
            ..
        } = &self.tally;
        passed + failed + ignored + measured
    }

    /// Says whether a trial took too long, or still ran at the end of the run: its thread may go on.
    pub(super) fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    /// Forgets everything that is under way.
    pub(super) fn abandon(&mut self) -> Remains {
        self.phase = RunPhase::Over;
        self.clean_up()
    }

    /// Returns what the run leaves behind.
    pub(super) fn clean_up(&mut self) -> Remains {
        self.watchdog = None;
        self.threads = ThreadPool::new(self.settings.thread);
        self.queue.clear(&mut self.deferred);
        let is_cut_short = self.tally.is_interrupted || !self.running.is_empty();
        Remains {
            pool: self.pool.take(),
            pool_limit: is_cut_short.then_some(shared::CLOSING_LIMIT),
            cancelled: self.running.cancel_with_values(),
            deferred: self.take_deferred(),
        }
    }

    /// Returns what has to be dropped when the state is not locked.
    pub(super) fn take_deferred(&mut self) -> DeferredDrops {
        mem::take(&mut self.deferred)
    }

    /// Starts the trials that may start; says whether the run is over.
    fn proceed(&mut self, driver: &Arc<Driver>) -> io::Result<bool> {
        if self.tally.has_setup_failed {
            return Ok(true);
        }
        let most = self.settings.most_failures;
        if most.is_some_and(|most| self.tally.failed >= most) {
            // Worker processes are ended, whatever runs there.
            if self.pool.is_none() && !self.running.is_empty() {
                self.leave_behind();
            }
            return Ok(true);
        }
        while !self.running.has_serial() {
            let Some(planned) = self.queue.next(self.running.len()) else {
                break;
            };
            self.start(planned, driver)?;
        }
        Ok(self.running.is_empty())
    }

    fn conclude(&mut self, step: io::Result<bool>) -> Step {
        let reported = match step {
            Ok(false) => return None,
            Ok(true) => self.report_end(),
            Err(error) => Err(error),
        };
        self.phase = RunPhase::Over;
        Some(reported.map(|()| mem::take(&mut self.tally)))
    }

    fn report_end(&mut self) -> io::Result<()> {
        self.tally.duration = self.phase.elapsed().unwrap_or_default();
        self.tally.running = self.running.descriptions();
        self.tally.waiting = self.running.waiting();
        self.tally.waiting.extend(self.queue.descriptions());
        self.output.event(&Event::RunFinished(&self.tally))
    }

    fn start(&mut self, planned: Planned, driver: &Arc<Driver>) -> io::Result<()> {
        let again = Retry::new(&planned, self.pool.is_some());
        let Planned {
            trial,
            ignored,
            occurrence,
            attempt,
        } = planned;
        let (body, mut options) = (trial.body, trial.options);
        let timeout = options.timeout.or(self.settings.timeout);
        let description = Arc::new(trial.description);
        let id = self
            .running
            .add(RunningTrial::new(description.clone(), attempt, again));
        let driver = driver.clone();
        if let Some(pool) = self.pool.as_ref().filter(|_| !ignored) {
            let name = description.title().into_owned();
            pool.submit(isolate::Submission {
                request: Request { name, occurrence },
                timeout,
                is_described: options.describe.is_some(),
                notify: Box::new(move |progress| driver.send(message_of(id, progress))),
            });
            self.deferred.add(Some(body), options);
            return Ok(());
        }
        let started = self.started(id);
        if ignored || started.is_err() {
            self.deferred.add(Some(body), options);
            started?;
            self.running.ignore(id);
            let ended = Ended::ignored(description.ignore_reason.clone());
            driver.send(Message::Ended(id, ended));
            return Ok(());
        }
        let job = Job {
            description,
            destination: self.settings.destination,
            limits: self.settings.limits,
            done: move |ended| driver.send(Message::Ended(id, ended)),
        };
        let (block_on, describe) = (options.block_on.take(), options.describe.take());
        let handle = job.start(body, self.settings.measures, block_on, &self.threads);
        self.deferred.add(None, options);
        self.running.set_handle(id, handle, timeout, describe);
        self.watch(timeout, Some(FLUSH_LIMIT));
        Ok(())
    }

    fn started(&mut self, id: usize) -> io::Result<()> {
        let Some(description) = self.running.start(id) else {
            return Ok(());
        };
        if self.pool.is_some() {
            // The pool itself ends trials that take too long.
            self.watch(None, None);
        }
        self.output.event(&Event::Started(&description))
    }

    /// Sets an alarm for a trial that starts now, by which it is noticed when it is slow, or too slow. With one trial at a time
    /// its name is on the screen already.
    fn watch(&mut self, timeout: Option<Duration>, limit: Option<Duration>) {
        let slow = (self.settings.concurrency > 1).then_some(SLOW_AFTER);
        let Some(first) = shorter(shorter(slow, timeout), limit) else {
            return;
        };
        // A time that the clock does not reach never comes.
        let alarm = Instant::now().checked_add(first);
        if let (Some(watchdog), Some(alarm)) = (&mut self.watchdog, alarm) {
            watchdog.wake_at(alarm);
        }
    }

    fn ended(&mut self, id: usize, ended: Ended) -> io::Result<()> {
        let Some(mut trial) = self.running.remove(id) else {
            return Ok(());
        };
        let describe = trial.describe.take();
        self.deferred.add(
            None,
            Options {
                describe,
                ..Options::default()
            },
        );
        if let Some(again) = &trial.again {
            again.defer_drops(&mut self.deferred);
        }
        let ended = match trial.expired_after() {
            // The trial has ended while it was described.
            Some(timeout) if ended.outcome != Outcome::timed_out(timeout) => {
                Ended::cut_short(Outcome::timed_out(timeout), ended.output, Some(timeout))
            }
            _ => ended,
        };
        let ended = match trial.description.expected_failure() {
            Some(expected) => Ended {
                outcome: ended.outcome.compared_with(expected),
                ..ended
            },
            None => ended,
        };
        // To measure a benchmark takes as long as the measurement wants.
        let is_timed = self.settings.limits.is_some() && trial.description.width.is_none();
        let mut finished = Finished {
            description: trial.description,
            outcome: ended.outcome,
            output: ended.output,
            time: ended.elapsed.filter(|_| is_timed),
            elapsed: ended.elapsed,
            fixtures: ended.fixtures,
            attempt: trial.attempt,
        };
        let runs_again = finished.outcome.is_failure() && !self.is_given_up;
        let can_run_again = trial.again.is_some();
        if let Some(again) = trial.again.filter(|_| runs_again) {
            let reported = self.output.event(&Event::Retried(&finished));
            self.queue.put_first(again.after(finished));
            return reported;
        }
        if self.settings.fails_on_flaky && finished.is_flaky() {
            finished.outcome = finished.attempt.fail_as_flaky();
        }
        if !can_run_again && finished.outcome.is_failure() && finished.wants_retry() {
            finished.output.extend_from_slice(NOT_RETRIED);
        }
        self.output.event(&Event::Finished(&finished))?;
        self.tally.add(finished, self.settings.show_output);
        Ok(())
    }
}

/// Turns the progress of a trial in a worker process into a message.
fn message_of(id: usize, progress: Progress) -> Message {
    match progress {
        Progress::Started => Message::Started(id),
        Progress::Ended(ended) => Message::Ended(id, ended),
        Progress::SetupFailed(output) => Message::SetupFailed(output),
    }
}

/// Returns the shorter of two times, if there is one. This crate is not optimised in the profile that tests have, where the
/// iterators of std take much longer.
fn shorter(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) if a < b => Some(a),
        (only, None) => only,
        (_, other) => other,
    }
}
