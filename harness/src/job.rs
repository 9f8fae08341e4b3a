//! A trial at work: on a thread, or as a future on a runtime.

use std::borrow::Cow;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use crate::block_on::block_on;
use crate::capture::{self, Destination, Role, Scope};
use crate::hands::{Hands, Thread};
use crate::outcome::{self, Outcome, Payload};
use crate::time::TimeLimits;
use crate::trial::{Body, Description, Spawner, Verdict};
use crate::unwind;

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

    /// Returns the end of a trial that did not come to one.
    fn dropped() -> Self {
        let reason = "the test was dropped before it was through".to_owned();
        Self::without_output(Outcome::FailedBecause(reason))
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
    /// Starts the body, on a thread of `hands` or as `spawn` says; `measures` is for
    /// benchmarks.
    pub(crate) fn start(
        self,
        body: Body,
        measures: bool,
        spawn: &Spawner,
        hands: &Hands,
    ) -> Handle {
        let scope = Scope::new(&self.description.name, self.destination);
        match body {
            Body::Sync(body) => {
                self.run_on_thread(scope.clone(), hands, move || body(!measures));
                Handle {
                    scope: Some(scope),
                    cancellation: None,
                }
            }
            // The report is dropped, and says that nothing was run.
            Body::Elsewhere => {
                drop(Report::new(self, scope));
                Handle::default()
            }
            Body::Async(future) => {
                let cancellation = Arc::new(Cancellation::default());
                self.spawn_task(future, scope.clone(), cancellation.clone(), spawn, hands);
                Handle {
                    scope: Some(scope),
                    cancellation: Some(cancellation),
                }
            }
        }
    }

    fn run_on_thread(
        self,
        scope: Arc<Scope>,
        hands: &Hands,
        body: impl FnOnce() -> Verdict + Send + 'static,
    ) {
        let role = match hands.thread() {
            Thread::Own => Role::Thread,
            Thread::Reused => Role::Poll,
        };
        self.on_thread(hands, |job| {
            let mut report = Report::new(job, scope.clone());
            move || {
                let entered = capture::enter(Some(scope), role);
                report.since = Instant::now();
                let body = AssertUnwindSafe(|| __rust_begin_short_backtrace(body));
                let result = panic::catch_unwind(body);
                drop(entered);
                report.end(result);
            }
        });
    }

    fn spawn_task(
        self,
        future: AsyncBody,
        scope: Arc<Scope>,
        cancellation: Arc<Cancellation>,
        spawn: &Spawner,
        hands: &Hands,
    ) {
        let task = |job| Task {
            future: Some(future),
            report: Report::new(job, scope.clone()),
            scope,
            cancellation,
        };
        match spawn {
            Spawner::Threads => self.on_thread(hands, |job| {
                let task = task(job);
                || block_on(task)
            }),
            Spawner::Runtime(spawn) => {
                // A runtime that panics here has dropped the task, which reports that.
                unwind::contain(|| spawn(Box::pin(task(self))));
            }
        }
    }

    /// Runs what `make` returns on a thread. If that is the test's own then the end is reported when
    /// the thread has ended as well: what it keeps in thread-local variables is dropped before the
    /// next test starts.
    fn on_thread<W>(mut self, hands: &Hands, make: impl FnOnce(Self) -> W)
    where
        W: FnOnce() + Send + 'static,
    {
        let end = Arc::new(Mutex::new(None));
        let slot = end.clone();
        let note = move |ended| *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
        let done = mem::replace(&mut self.done, Box::new(note));
        let name = thread_name(&self.description.name);
        hands.start(name, make(self), move || {
            let ended = end.lock().unwrap_or_else(PoisonError::into_inner).take();
            done(ended.unwrap_or_else(Ended::dropped));
        });
    }
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
            unwind::contain(|| drop(this.future.take()));
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
        let future = this.future.take();
        let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(future)));
        let result = judge_drop(dropped, result);
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
        unwind::contain(|| drop(self.future.take()));
    }
}

/// Returns the result of a future, or the panic of its drop. Of two panics the latter counts.
fn judge_drop(
    dropped: Result<(), Payload>,
    result: Result<Verdict, Payload>,
) -> Result<Verdict, Payload> {
    let Err(payload) = dropped else { return result };
    if let Err(earlier) = result {
        unwind::discard(earlier);
    }
    Err(payload)
}

/// Reports the end of a job exactly once, also if it never came to run.
struct Report {
    job: Option<Job>,
    scope: Arc<Scope>,
    since: Instant,
}

impl Report {
    fn new(job: Job, scope: Arc<Scope>) -> Self {
        Self {
            job: Some(job),
            scope,
            since: Instant::now(),
        }
    }

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
        let judged = {
            // What the drop of a panic's payload prints is the test's.
            let _entered = result
                .is_err()
                .then(|| capture::enter(Some(self.scope.clone()), Role::Poll));
            outcome::judge(&job.description, result)
        };
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
            job.put(Ended::dropped().outcome, &self.scope, None);
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn a_job_that_does_not_say_how_it_ended_was_dropped() {
        let (sender, received) = mpsc::channel();
        let job = Job {
            description: Arc::new(crate::Trial::test("t", || Ok(())).description),
            destination: Destination::Nowhere,
            limits: None,
            done: Box::new(move |ended| sender.send(ended).unwrap_or_default()),
        };
        job.on_thread(&Hands::new(Thread::Own), |job| || drop(job));
        assert_eq!(received.recv(), Ok(Ended::dropped()));
    }
}
