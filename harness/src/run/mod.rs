//! The functions that run trials.

mod hooks;

pub use self::hooks::Hooks;

use std::fmt;
use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;

use crate::args::{Arguments, TimeLimits};
use crate::block_on::block_on;
use crate::event::{Conclusion, Event, Listing};
use crate::isolate::{Pool, RunKind, Server};
use crate::plan::{self, Plan, UnknownTag};
use crate::process::{ExitGuard, print_error};
use crate::report::{Output, StdoutReservation};
use crate::schedule::{Interrupter, Schedule, Settings, State};
use crate::shared;
use crate::trial::Trial;

/// Runs `trials`, or lists them, as `args` say, and reports to standard output.
///
/// Each trial runs on a thread of its own, which bears its name; async trials are polled there.
/// Up to [`test_threads`](Arguments::test_threads) run at once; if that is not set then as many as
/// the variable `RUST_TEST_THREADS` says, or as there are cores.
///
/// A process may have several runs. With `--isolate` its workers call `main` again, and serve the run
/// that they were started for: the others, which have to be started in the same order there, return
/// at once, as if there had been no trials. A trial may have runs of its own, but they cannot be
/// isolated.
///
/// # Panics
///
/// Panics, as libtest does, if `RUST_TEST_THREADS` is used and no positive number, and if a
/// variable `RUST_TEST_TIME_*` is used and malformed.
pub fn run(args: &Arguments, trials: Vec<Trial>) -> Conclusion {
    let run = shared::RunScope::begin();
    let conclusion = block_on(conclusion_of(ProcessRole::new(args, trials)));
    let _guard = conclusion.has_failed().then(ExitGuard::after_failure);
    match run.end() {
        true => conclusion,
        false => conclusion.into_broken(),
    }
}

/// Runs `trials` like [`run`], for programs that do other things meanwhile, or handle Ctrl-C themselves.
///
/// The future starts the trials and reports. It can be awaited anywhere, and needs nothing of a runtime: the trials wake
/// it. The [`Interrupter`] ends the report early.
///
/// The values that tests [share](crate::Shared) are not closed at the end, nor by a [`run`] within a trial: call
/// [`close_shared`](crate::close_shared) when the future is ready.
///
/// # Panics
///
/// Panics like [`run`], at once, not when the future is awaited.
pub fn run_interruptible(args: &Arguments, trials: Vec<Trial>) -> (InterruptibleRun, Interrupter) {
    let run = shared::RunScope::begin();
    let work = ProcessRole::new(args, trials);
    let interrupter = match &work {
        Ok(ProcessRole::Run(schedule, _)) => schedule.interrupter(),
        _ => Interrupter::default(),
    };
    let conclusion = Box::pin(async {
        let _run = run;
        conclusion_of(work).await
    });
    (InterruptibleRun(conclusion), interrupter)
}

/// The future that [`run_interruptible`] returns. It starts the trials when it is first polled; once it is dropped no
/// more trials start, and nothing more is reported.
#[must_use = "futures do nothing unless they are awaited"]
pub struct InterruptibleRun(Pin<Box<dyn Future<Output = Conclusion> + Send>>);

impl Future for InterruptibleRun {
    type Output = Conclusion;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Conclusion> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for InterruptibleRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InterruptibleRun").finish_non_exhaustive()
    }
}

async fn conclusion_of(work: io::Result<ProcessRole>) -> Conclusion {
    match work {
        Ok(ProcessRole::Run(schedule, _reservation)) => {
            conclude(schedule.await.map(|tally| Conclusion::new(&tally)))
        }
        Ok(ProcessRole::List(args, trials)) => {
            conclude(list(&args, trials).map(|()| Conclusion::default()))
        }
        Ok(ProcessRole::Skip) => Conclusion::default(),
        Ok(ProcessRole::Serve(server)) => conclude(server.await.map(|()| Conclusion::default())),
        Err(error) => conclude(Err(error)),
    }
}

/// The role of this process, as its arguments and its parent have it.
enum ProcessRole {
    /// Nothing: this process is a worker that serves another run.
    Skip,
    List(Box<Arguments>, Vec<Trial>),
    Serve(Box<Server>),
    Run(Box<Schedule>, Option<StdoutReservation>),
}

impl ProcessRole {
    fn new(args: &Arguments, mut trials: Vec<Trial>) -> io::Result<Self> {
        let number = match RunKind::next() {
            RunKind::Run(number) => number,
            RunKind::Serve => {
                return Ok(Self::Serve(Box::new(Server::start(args, trials)?)));
            }
            RunKind::Skip => {
                plan::keep(&mut trials, |_| false);
                return Ok(Self::Skip);
            }
        };
        UnknownTag::check(args, &trials).map_err(io::Error::other)?;
        if args.list {
            return Ok(Self::List(Box::new(args.clone()), trials));
        }
        let concurrency = concurrency(args);
        let limits = TimeLimits::new(args);
        let reservation = args.reserve_stdout_for_run()?;
        let output = Output::open(args, concurrency > 1, limits)?;
        let settings = Settings::new(args, concurrency, limits);
        let plan = Plan::new(args, trials);
        let pool = args
            .starts_workers()
            .then(|| {
                let size = concurrency.min(plan.len()).max(1);
                Pool::start(args, size, number, plan.has_retries())
            })
            .transpose()?;
        let schedule = Schedule::new(State::new(settings, output, plan, pool));
        Ok(Self::Run(Box::new(schedule), reservation))
    }
}

fn list(args: &Arguments, trials: Vec<Trial>) -> io::Result<()> {
    let mut output = Output::open(args, false, None)?;
    let mut counts = Listing::default();
    output.event(&Event::ListStarted)?;
    for trial in plan::select(args, trials) {
        let description = trial.description();
        counts.add(description);
        output.event(&Event::Listed(description))?;
    }
    output.event(&Event::ListFinished(&counts))
}

/// Prints an error of the output, unless the reader of a pipe has gone.
fn conclude(result: io::Result<Conclusion>) -> Conclusion {
    result.unwrap_or_else(|error| {
        if error.kind() != ErrorKind::BrokenPipe {
            print_error(format!("error: {}\n", describe(&error)).as_bytes());
        }
        Conclusion::broken()
    })
}

/// Describes an error of the output, in libtest's words where that has such an output.
fn describe(error: &io::Error) -> String {
    match error.get_ref() {
        // It is the harness's own.
        Some(error) => error.to_string(),
        None => format!("io error when listing tests: {error:?}"),
    }
}

fn concurrency(args: &Arguments) -> usize {
    if let Some(threads) = args.test_threads {
        return threads.max(1);
    }
    if let Ok(value) = std::env::var("RUST_TEST_THREADS") {
        return match value.parse::<NonZeroUsize>() {
            Ok(threads) => threads.get(),
            Err(_) => panic!("RUST_TEST_THREADS is `{value}`, should be a positive integer."),
        };
    }
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}
