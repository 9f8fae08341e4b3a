//! The end of shared values, and the tear-down: after the last test of a run that is not within another.

use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::opening::catch;
use super::{LocalFuture, Shared, SharedError};
use crate::block_on::block_on;
use crate::process::print_error;

/// Time limit from the report to the end of closing, when Ctrl-C has ended the run, or when a test was given up
/// that may keep what closing needs. The process ends within five seconds; one of them is left for the exit.
pub(crate) const CLOSING_LIMIT: Duration = Duration::from_secs(4);

static STATE: Mutex<State> = Mutex::new(State {
    runs: 0,
    opened: Vec::new(),
    teardown: None,
    deadline: None,
    has_worker_failed: false,
});

struct State {
    /// The number of runs under way: a test may have runs of its own.
    runs: usize,
    /// Values whose opening has come to an end, in that order.
    opened: Vec<&'static dyn Closing>,
    teardown: Option<Teardown>,
    /// The end of the time limit for closing; present if a test was given up.
    deadline: Option<Instant>,
    /// A worker process has failed at its end, where it closes what its tests shared.
    has_worker_failed: bool,
}

/// The `teardown` of `main!`; its error is as it is printed.
type Teardown = Box<dyn FnOnce() -> LocalFuture<Result<(), String>> + Send>;

/// A value of any type.
trait Closing: Sync {
    /// Forgets the value, and returns its closing if it has one.
    fn close(&'static self) -> Option<LocalFuture<Result<(), String>>>;
}

impl<T: Send + Sync + 'static, E: SharedError> Closing for Shared<T, E> {
    fn close(&'static self) -> Option<LocalFuture<Result<(), String>>> {
        let (value, close) = (self.take()?, self.close?);
        Some(Box::pin(async {
            let closed = close.close(value).await;
            closed.map_err(|error| error.describe())
        }))
    }
}

/// Notes that an opening has come to an end.
pub(super) fn push<T: Send + Sync + 'static, E: SharedError>(shared: &'static Shared<T, E>) {
    lock().opened.push(shared);
}

/// Sets what is called after all shared values are closed.
pub(crate) fn set_teardown(teardown: Teardown) {
    lock().teardown = Some(teardown);
}

/// A run under way. The run has ended when this is dropped, and nothing is closed then.
pub(crate) struct RunScope(());

impl RunScope {
    pub(crate) fn begin() -> Self {
        let mut state = lock();
        if state.runs == 0 {
            state.deadline = None;
        }
        state.runs += 1;
        Self(())
    }

    /// Closes what tests share, if this is the last run; says whether that succeeded.
    pub(crate) fn end(self) -> bool {
        std::mem::forget(self);
        match leave() {
            (runs, _) if runs > 0 => true,
            (_, Some(deadline)) => close_in_time(time_until(deadline)),
            (_, None) => close_shared(),
        }
    }
}

impl Drop for RunScope {
    fn drop(&mut self) {
        leave();
    }
}

/// Ends a run; returns how many are left, and when closing is abandoned. In one step, so that of runs that end
/// at once exactly one is the last.
fn leave() -> (usize, Option<Instant>) {
    let mut state = lock();
    state.runs -= 1;
    (state.runs, state.deadline)
}

/// Returns the time until the deadline. One that has passed was set by an earlier run within a test, and limits this
/// closing no more.
fn time_until(deadline: Instant) -> Duration {
    let rest = deadline.checked_duration_since(Instant::now());
    rest.unwrap_or(CLOSING_LIMIT)
}

/// Limits the time from now, when a test was given up and the run is reported, to the end of closing.
pub(crate) fn limit_closing() {
    lock().deadline = Some(Instant::now() + CLOSING_LIMIT);
}

/// Notes that a worker process has failed at its end, and prints its output.
#[cfg(unix)]
pub(crate) fn worker_failed(output: &[u8]) {
    print_error(output);
    lock().has_worker_failed = true;
}

/// Closes all values of [`Shared`] that tests have opened, the last one first, and says whether that
/// succeeded, in the worker processes of `--isolate` too. Errors are printed. Blocks the thread meanwhile.
///
/// [`run`](crate::run()) does so by itself. Who awaits
/// [`run_interruptible`](crate::run_interruptible) is to call this when the run is over. It takes as long as
/// the `close` functions do, also when tests have timed out, which may keep what those need.
#[must_use = "a value that cannot be closed fails the run"]
pub fn close_shared() -> bool {
    let mut succeeded = !std::mem::take(&mut lock().has_worker_failed);
    while let Some(close) = next() {
        let closed = block_on(catch(async { close().await }));
        if let Err(text) = closed.unwrap_or_else(|panic| Err(format!("closing panicked: {panic}")))
        {
            print_error(format!("error: {text}\n").as_bytes());
            succeeded = false;
        }
    }
    succeeded
}

/// Does what [`close_shared`] does, on another thread, and waits for that for this time at most.
pub(crate) fn close_in_time(time: Duration) -> bool {
    let (closed, is_closed) = mpsc::channel();
    let thread = thread::Builder::new().name("test-shared".to_owned());
    let closes = thread.spawn(move || closed.send(close_shared()));
    closes.is_ok() && is_closed.recv_timeout(time).unwrap_or_default()
}

/// Takes the next closing or tear-down that is to be called.
fn next() -> Option<Teardown> {
    let mut state = lock();
    match state.opened.pop() {
        Some(shared) => Some(Box::new(|| match shared.close() {
            Some(closing) => closing,
            None => Box::pin(async { Ok(()) }),
        })),
        None => state.teardown.take(),
    }
}

fn lock() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}
