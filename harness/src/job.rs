//! A trial at work: on a thread of its own, or as a future on a runtime.

use std::borrow::Cow;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::block_on::block_on;
use crate::capture::{self, Destination, Role, Scope};
use crate::outcome::{self, Outcome, Payload};
use crate::time::TimeLimits;
use crate::trial::{Body, Description, Spawner, Verdict};

/// What a trial needs to run and to report its end.
pub(crate) struct Job {
    pub(crate) description: Arc<Description>,
    pub(crate) destination: Destination,
    pub(crate) limits: Option<TimeLimits>,
    /// Is told of the end, once.
    pub(crate) done: Box<dyn FnOnce(Ended) + Send>,
}

/// The end of a trial.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) output: Vec<u8>,
    /// How long the body took, if it ran to its end.
    pub(crate) elapsed: Option<Duration>,
}

impl Ended {
    /// Returns the end of a trial that did not run.
    pub(crate) fn ignored(reason: Option<Cow<'static, str>>) -> Self {
        Self::without_output(Outcome::Ignored { reason })
    }

    /// Returns the end of a trial that has nothing to show.
    pub(crate) fn without_output(outcome: Outcome) -> Self {
        Self {
            outcome,
            output: Vec::new(),
            elapsed: None,
        }
    }
}

type AsyncBody = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// A way to get at a job that is under way.
#[derive(Default)]
pub(crate) struct Handle {
    pub(crate) thread: Option<JoinHandle<()>>,
    scope: Option<Arc<Scope>>,
    cancellation: Option<Arc<Cancellation>>,
}

impl Handle {
    /// Gives the job up and returns what it has printed.
    ///
    /// If it is a future it is dropped on its runtime, unless it is being polled and does not
    /// return. A thread goes on; its end is of no interest.
    pub(crate) fn cancel(self) -> Vec<u8> {
        let output = self.scope.map(|scope| scope.close()).unwrap_or_default();
        if let Some(cancellation) = self.cancellation {
            cancellation.cancel();
        }
        output
    }
}

impl Job {
    /// Starts the body; `measures` is for benchmarks. If it gets a thread then that one first
    /// waits for the end of `predecessor`.
    pub(crate) fn start(
        self,
        body: Body,
        measures: bool,
        spawn: &Spawner,
        predecessor: Option<JoinHandle<()>>,
    ) -> Handle {
        let scope = Scope::new(&self.description.name, self.destination);
        let report = Report {
            job: Some(self),
            scope: scope.clone(),
            since: Instant::now(),
        };
        match body {
            Body::Sync(body) => Handle {
                thread: run_on_thread(report, scope.clone(), predecessor, move || body(!measures)),
                scope: Some(scope),
                cancellation: None,
            },
            // The report is dropped, and says that nothing was run.
            Body::Elsewhere => Handle::default(),
            Body::Async(future) => {
                let cancellation = Arc::new(Cancellation::default());
                let task = Task {
                    future: Some(future),
                    report,
                    scope: scope.clone(),
                    cancellation: cancellation.clone(),
                };
                Handle {
                    thread: spawn_task(task, &scope, spawn, predecessor),
                    scope: Some(scope),
                    cancellation: Some(cancellation),
                }
            }
        }
    }
}

fn run_on_thread(
    mut report: Report,
    scope: Arc<Scope>,
    predecessor: Option<JoinHandle<()>>,
    body: impl FnOnce() -> Verdict + Send + 'static,
) -> Option<JoinHandle<()>> {
    let name = thread_name(scope.name());
    // If there is no thread to be had the report is dropped, and says so.
    start_thread(name, predecessor, move || {
        let entered = capture::enter(Some(scope), Role::Thread);
        report.since = Instant::now();
        let result = panic::catch_unwind(AssertUnwindSafe(|| __rust_begin_short_backtrace(body)));
        drop(entered);
        report.end(result);
    })
}

fn spawn_task(
    task: Task,
    scope: &Scope,
    spawn: &Spawner,
    predecessor: Option<JoinHandle<()>>,
) -> Option<JoinHandle<()>> {
    match spawn {
        Spawner::OwnThread => {
            start_thread(thread_name(scope.name()), predecessor, || block_on(task))
        }
        Spawner::Runtime(spawn) => {
            // A runtime that panics here has dropped the task, which reports that.
            let spawned = AssertUnwindSafe(|| spawn(Box::pin(task)));
            let _ = panic::catch_unwind(spawned);
            predecessor
        }
    }
}

fn start_thread(
    name: String,
    predecessor: Option<JoinHandle<()>>,
    work: impl FnOnce() + Send + 'static,
) -> Option<JoinHandle<()>> {
    let work = || {
        if let Some(predecessor) = predecessor {
            let _ = predecessor.join();
        }
        work();
    };
    thread::Builder::new().name(name).spawn(work).ok()
}

/// A thread's name cannot contain a null byte.
fn thread_name(test: &str) -> String {
    test.replace('\0', "\u{fffd}")
}

/// std's panic hook ends a short backtrace at a frame of this name.
#[inline(never)]
fn __rust_begin_short_backtrace<T>(body: impl FnOnce() -> T) -> T {
    let result = body();
    // Keeps the call above from becoming a jump, which would leave no frame.
    std::hint::black_box(());
    result
}

/// An async trial. It reports its end, and if it is dropped before that, that it was.
struct Task {
    future: Option<AsyncBody>,
    report: Report,
    scope: Arc<Scope>,
    cancellation: Arc<Cancellation>,
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(future) = &mut this.future else {
            return Poll::Ready(());
        };
        if this.cancellation.is_cancelled(cx.waker()) {
            let _entered = capture::enter(Some(this.scope.clone()), Role::Poll);
            let _ = drop_quietly(this.future.take());
            this.report.forget();
            return Poll::Ready(());
        }
        let is_own_thread = thread::current().name() == Some(this.scope.name());
        let role = if is_own_thread {
            Role::Thread
        } else {
            Role::Poll
        };
        let entered = capture::enter(Some(this.scope.clone()), role);
        let poll = AssertUnwindSafe(|| __rust_begin_short_backtrace(|| future.as_mut().poll(cx)));
        let result = match panic::catch_unwind(poll) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(verdict)) => Ok(verdict),
            Err(payload) => Err(payload),
        };
        let result = drop_quietly(this.future.take()).and(result);
        drop(entered);
        this.report.end(result);
        Poll::Ready(())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.future.is_none() {
            return;
        }
        let _entered = capture::enter(Some(self.scope.clone()), Role::Poll);
        let _ = drop_quietly(self.future.take());
    }
}

fn drop_quietly(future: Option<AsyncBody>) -> Result<(), Payload> {
    panic::catch_unwind(AssertUnwindSafe(|| drop(future)))
}

/// Reports the end of a job exactly once, also if it never came to run.
struct Report {
    job: Option<Job>,
    scope: Arc<Scope>,
    since: Instant,
}

impl Report {
    /// Reports nothing: that was done elsewhere.
    fn forget(&mut self) {
        self.job = None;
    }

    fn end(&mut self, result: Result<Verdict, Payload>) {
        let elapsed = self.since.elapsed();
        let Some(job) = self.job.take() else { return };
        if let Ok(Err(failed)) = &result {
            if let Some(message) = failed.message() {
                self.scope
                    .append_or_print(format!("Error: {message}\n").as_bytes());
            }
        }
        let judged = outcome::judge(&job.description, result);
        let outcome = match job.limits {
            Some(limits) => limits.enforce(judged, elapsed),
            None => judged,
        };
        job.put(outcome, &self.scope, Some(elapsed));
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        if let Some(job) = self.job.take() {
            let reason = "the test was dropped before it was through".to_owned();
            job.put(Outcome::FailedBecause(reason), &self.scope, None);
        }
    }
}

impl Job {
    fn put(self, outcome: Outcome, scope: &Scope, elapsed: Option<Duration>) {
        let output = scope.close();
        (self.done)(Ended {
            outcome,
            output,
            elapsed,
        });
    }
}

/// Says to a task that it is not wanted any more.
#[derive(Default)]
struct Cancellation(Mutex<CancellationState>);

#[derive(Default)]
struct CancellationState {
    is_cancelled: bool,
    waker: Option<Waker>,
}

impl Cancellation {
    fn cancel(&self) {
        let waker = {
            let mut state = self.lock();
            state.is_cancelled = true;
            state.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Says whether the task is cancelled; if not, wakes it when it is.
    fn is_cancelled(&self, waker: &Waker) -> bool {
        let mut state = self.lock();
        match &mut state.waker {
            Some(known) => known.clone_from(waker),
            unknown => *unknown = Some(waker.clone()),
        }
        state.is_cancelled
    }

    fn lock(&self) -> MutexGuard<'_, CancellationState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
