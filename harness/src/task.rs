//! An async trial at work on its thread, and its cancellation.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::block_on::block_on;
use crate::outcome::Payload;
use crate::trial::{Call, Verdict};
use crate::unwind;

/// The future of an async trial.
pub(crate) type TrialFuture = Pin<Box<dyn Future<Output = Verdict>>>;

/// Polls a future on this thread, as `call` says. Returns `None` if it was dropped before it was
/// through, by a cancellation or by the runtime.
///
/// # Panics
///
/// Panics with what the future, its drop or the runtime panicked with.
pub(crate) fn run(call: Call, future: TrialFuture) -> Option<Verdict> {
    let end = Rc::new(Cell::new(None));
    let task = Task {
        future: Some(future),
        cancellation: call.cancellation,
        end: end.clone(),
    };
    match call.block_on {
        Some(block_on) => block_on(Box::pin(task)),
        None => block_on(task),
    }
    end.take()
        .map(|result| result.unwrap_or_else(|payload| panic::resume_unwind(payload)))
}

/// The future of a trial until it has ended, panicked or was cancelled. It never panics itself, so
/// that a runtime ends as it does after a test that passes.
struct Task {
    future: Option<TrialFuture>,
    cancellation: Arc<Cancellation>,
    end: Rc<Cell<Option<thread::Result<Verdict>>>>,
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(future) = &mut this.future else {
            return Poll::Ready(());
        };
        if this.cancellation.is_cancelled(cx.waker()) {
            unwind::contain(|| drop(this.future.take()));
            return Poll::Ready(());
        }
        let poll =
            AssertUnwindSafe(|| unwind::__rust_begin_short_backtrace(|| future.as_mut().poll(cx)));
        let result = match panic::catch_unwind(poll) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(verdict)) => Ok(verdict),
            Err(payload) => Err(payload),
        };
        let future = this.future.take();
        let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(future)));
        this.end.set(Some(judge_drop(dropped, result)));
        Poll::Ready(())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // The runtime may be unwinding: a second panic would abort the process.
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

/// Says to a task that it is not wanted any more.
#[derive(Default)]
pub(crate) struct Cancellation(Mutex<CancellationState>);

#[derive(Default)]
struct CancellationState {
    is_cancelled: bool,
    waker: Option<Waker>,
}

impl Cancellation {
    pub(crate) fn cancel(&self) {
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
