//! Runs a plan: a future that starts trials, waits for their ends and reports them.
//!
//! It needs no runtime of its own. Whoever polls it reports; the trials run elsewhere and put
//! their ends into the [`Inbox`], which wakes it.

mod running;
mod watchdog;

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use crate::args::Arguments;
use crate::capture::Destination;
use crate::capture::hook::HookGuard;
use crate::event::{Event, Finished, Tally};
use crate::inbox::Inbox;
use crate::isolate::{Pool, Request};
use crate::job::{Ended, Job};
use crate::plan::{Plan, Planned};
use crate::report::Output;
use crate::time::TimeLimits;
use crate::trial::Spawner;

use self::running::Running;
use self::watchdog::Watchdog;

/// How trials are to run.
pub(crate) struct Settings {
    /// How many at once.
    pub(crate) concurrency: usize,
    /// Whether benchmarks are measured, not just tried.
    pub(crate) measures: bool,
    pub(crate) destination: Destination,
    pub(crate) show_output: bool,
    pub(crate) fail_fast: bool,
    pub(crate) limits: Option<TimeLimits>,
    /// Starts async trials that bring no spawner of their own.
    pub(crate) spawn: Spawner,
}

impl Settings {
    pub(crate) fn new(
        args: &Arguments,
        concurrency: usize,
        limits: Option<TimeLimits>,
        spawn: Spawner,
    ) -> Self {
        Self {
            concurrency,
            measures: args.bench,
            destination: if args.nocapture {
                Destination::Nowhere
            } else {
                Destination::Scope
            },
            show_output: args.show_output,
            fail_fast: args.fail_fast,
            limits,
            spawn,
        }
    }
}

/// What a schedule is told.
enum Message {
    /// The trial of this number ended.
    Ended(usize, Ended),
    /// A minute has passed for some trial.
    Tick,
}

/// A run under way. It ends with what it came to, or with why its report could not be written.
pub(crate) struct Schedule {
    settings: Settings,
    output: Output,
    tests: VecDeque<Planned>,
    benchmarks: VecDeque<Planned>,
    shuffle_seed: Option<u64>,
    running: Running,
    /// The processes that trials run in, if it is not this one.
    pool: Option<Pool>,
    inbox: Arc<Inbox<Message>>,
    watchdog: Watchdog,
    tally: Tally,
    started: Option<Started>,
    is_stopped: bool,
}

/// What exists from the first poll on.
struct Started {
    at: Instant,
    _hook: HookGuard,
}

impl Schedule {
    pub(crate) fn new(settings: Settings, output: Output, plan: Plan, pool: Option<Pool>) -> Self {
        let tally = Tally {
            total: plan.tests.len() + plan.benchmarks.len(),
            filtered_out: plan.filtered_out as u64,
            ..Tally::default()
        };
        let inbox = Arc::new(Inbox::new());
        Self {
            settings,
            output,
            tests: plan.tests.into(),
            benchmarks: plan.benchmarks.into(),
            shuffle_seed: plan.shuffle_seed,
            running: Running::default(),
            pool,
            watchdog: Watchdog::new(inbox.clone()),
            inbox,
            tally,
            started: None,
            is_stopped: false,
        }
    }

    fn advance(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<()>> {
        if self.started.is_none() {
            self.begin()?;
        }
        loop {
            self.start_trials()?;
            if self.is_stopped || self.running.is_empty() {
                return self.end().map(Poll::Ready);
            }
            match self.inbox.take(cx) {
                Some(Message::Ended(id, ended)) => self.ended(id, ended)?,
                Some(Message::Tick) => self.notice_slow_trials()?,
                None => return Ok(Poll::Pending),
            }
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        self.started = Some(Started {
            at: Instant::now(),
            _hook: HookGuard::install(),
        });
        let (total, shuffle_seed) = (self.tally.total, self.shuffle_seed);
        self.output.event(&Event::RunStarted {
            total,
            shuffle_seed,
        })
    }

    fn end(&mut self) -> io::Result<()> {
        if let Some(started) = self.started.take() {
            self.tally.duration = started.at.elapsed();
        }
        self.output.event(&Event::RunFinished(&self.tally))
    }

    fn start_trials(&mut self) -> io::Result<()> {
        while !self.is_stopped && self.running.len() < self.settings.concurrency {
            let Some(planned) = self.tests.pop_front() else {
                break;
            };
            self.start(planned)?;
        }
        // Benchmarks run at the end, one at a time.
        if !self.is_stopped && self.running.is_empty() {
            if let Some(planned) = self.benchmarks.pop_front() {
                self.start(planned)?;
            }
        }
        Ok(())
    }

    fn start(&mut self, planned: Planned) -> io::Result<()> {
        let Planned {
            trial,
            ignored,
            occurrence,
        } = planned;
        let description = Arc::new(trial.description);
        let id = self.running.add(description.clone());
        self.output.event(&Event::Started(&description))?;
        let inbox = self.inbox.clone();
        let done = Box::new(move |ended| inbox.put(Message::Ended(id, ended)));
        if ignored {
            done(Ended::ignored(description.ignore_reason.clone()));
            return Ok(());
        }
        if self.settings.concurrency > 1 {
            self.watchdog.watch();
        }
        if let Some(pool) = &self.pool {
            let name = description.name.clone();
            pool.submit(Request { name, occurrence }, done);
            return Ok(());
        }
        let job = Job {
            description,
            destination: self.settings.destination,
            limits: self.settings.limits,
            done,
        };
        let spawn = trial.spawn.as_ref().unwrap_or(&self.settings.spawn);
        let thread = job.start(trial.body, self.settings.measures, spawn);
        self.running.set_thread(id, thread);
        Ok(())
    }

    fn ended(&mut self, id: usize, ended: Ended) -> io::Result<()> {
        let Some(description) = self.running.remove(id) else {
            return Ok(());
        };
        let Ended {
            outcome,
            output,
            time,
        } = ended;
        let finished = Finished {
            description,
            outcome,
            output,
            time,
        };
        self.output.event(&Event::Finished(&finished))?;
        self.is_stopped |= self.settings.fail_fast && finished.outcome.is_failure();
        self.tally.add(finished, self.settings.show_output);
        Ok(())
    }

    fn notice_slow_trials(&mut self) -> io::Result<()> {
        for description in self.running.take_slow(Instant::now()) {
            self.output.event(&Event::Slow(&description))?;
        }
        self.watchdog.rewind(self.running.next_slow());
        Ok(())
    }
}

impl Future for Schedule {
    type Output = io::Result<Tally>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.advance(cx) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(())) => Poll::Ready(Ok(std::mem::take(&mut self.tally))),
            Err(error) => {
                self.started = None;
                Poll::Ready(Err(error))
            }
        }
    }
}
