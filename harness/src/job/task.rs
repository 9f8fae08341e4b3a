//! An async trial at work.

use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::report::Report;
use super::{__rust_begin_short_backtrace, AsyncBody};
use crate::capture::{self, Role, Scope};
use crate::outcome::Payload;
use crate::trial::Verdict;
use crate::unwind;

/// An async trial. It reports its end, and if it is dropped before that, that it was.
pub(super) struct Task {
    future: Option<AsyncBody>,
    report: Report,
    scope: Arc<Scope>,
    cancellation: Arc<Cancellation>,
}

impl Task {
    pub(super) fn new(
        future: AsyncBody,
        report: Report,
        scope: Arc<Scope>,
        cancellation: Arc<Cancellation>,
    ) -> Self {
        Self {
            future: Some(future),
            report,
            scope,
            cancellation,
        }
    }
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
        let role = Role::of_this_thread(&this.scope);
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

/// Says to a task that it is not wanted any more.
#[derive(Default)]
pub(super) struct Cancellation(Mutex<CancellationState>);

#[derive(Default)]
struct CancellationState {
    is_cancelled: bool,
    waker: Option<Waker>,
}

impl Cancellation {
    pub(super) fn cancel(&self) {
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
