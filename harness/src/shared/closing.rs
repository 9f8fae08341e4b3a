//! The end of shared values, and the tear-down: after the last test of a run that is not within another.

use std::sync::mpsc;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::opening::catch;
use super::{LocalFuture, Shared, SharedError};
use crate::block_on::block_on;
use crate::process::print_error;

/// So long closing may take when Ctrl-C has ended the run, or when a test was given up that may still
/// have what closing needs.
const PATIENCE: Duration = Duration::from_secs(5);

static STATE: Mutex<State> = Mutex::new(State {
    runs: 0,
    opened: Vec::new(),
    teardown: None,
    is_in_hurry: false,
    has_worker_failed: false,
});

struct State {
    /// Runs under way: a test may have runs of its own.
    runs: usize,
    /// Values whose opening has come to an end, in that order.
    opened: Vec<&'static dyn Closing>,
    teardown: Option<Teardown>,
    /// A test was given up.
    is_in_hurry: bool,
    /// A worker process could not close what its tests shared.
    has_worker_failed: bool,
}

/// What `main!` calls at the end; the error is as it is printed.
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

/// A run under way.
pub(crate) struct Run(());

impl Run {
    pub(crate) fn begin() -> Self {
        lock().runs += 1;
        Self(())
    }

    /// Closes what tests share, if this was the last run; says whether that succeeded.
    pub(crate) fn end(self) -> bool {
        drop(self);
        let State {
            runs, is_in_hurry, ..
        } = *lock();
        match is_in_hurry {
            _ if runs > 0 => true,
            true => close_in_time(),
            false => close_shared(),
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        lock().runs -= 1;
    }
}

/// Limits the time that closing may take, because a test was given up.
pub(crate) fn hurry() {
    lock().is_in_hurry = true;
}

/// Notes that a worker process has ended with an error, which is `output`.
pub(crate) fn worker_failed(output: &[u8]) {
    print_error(output);
    lock().has_worker_failed = true;
}

/// Closes all values of [`Shared`] that tests have opened, the last one first, and says whether that
/// succeeded, in the worker processes of `--isolate` too. Errors are printed. Blocks the thread meanwhile.
///
/// [`run`](crate::run) does so by itself. Who awaits
/// [`run_interruptible`](crate::run_interruptible) is to call this when the run is over.
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

/// As [`close_shared`], as far as that is possible in a few seconds.
pub(crate) fn close_in_time() -> bool {
    let (closed, is_closed) = mpsc::channel();
    let thread = thread::Builder::new().name("test-shared".to_owned());
    let closes = thread.spawn(move || closed.send(close_shared()));
    closes.is_ok() && is_closed.recv_timeout(PATIENCE).unwrap_or_default()
}

/// Takes the next of those that are to be called.
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
