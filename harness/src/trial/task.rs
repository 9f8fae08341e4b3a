//! An async trial at work on its thread, and its cancellation.

use std::cell::Cell;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::block_on::block_on;
use crate::trial::{Call, Done, Failed, Verdict};
use crate::unwind::{self, Payload};

/// The future of an async trial.
pub(crate) type TrialFuture = Pin<Box<dyn Future<Output = Verdict>>>;

/// Polls a future on this thread, as `call` says. Returns `None` if it was dropped before it was
/// through, by a cancellation or by the runtime.
///
/// # Panics
///
/// Panics with what the future, its drop or the runtime panicked with, the last of these.
pub(crate) fn run(call: Call, future: TrialFuture) -> Option<Verdict> {
    let end = Rc::new(Cell::new(None));
    let task = Task {
        future: Some(future),
        cancellation: call.cancellation,
        end: end.clone(),
    };
    let polled = panic::catch_unwind(AssertUnwindSafe(|| match call.block_on {
        Some(block_on) => block_on(Box::pin(task)),
        None => {
            block_on(task);
            Ok(())
        }
    }));
    match both(polled, end.take().transpose()) {
        Ok((runtime, verdict)) => Some(join(verdict?, runtime)),
        Err(payload) => panic::resume_unwind(payload),
    }
}

/// Adds a failure of the runtime to what the test itself says.
fn join(verdict: Verdict, runtime: Result<(), Failed>) -> Verdict {
    match (verdict, runtime) {
        (verdict, Ok(())) | (verdict @ Ok(Done::Skipped { .. }), Err(_)) => verdict,
        (Ok(_), Err(failed)) => Err(failed),
        (Err(own), Err(failed)) => {
            let messages = [own.message(), failed.message()];
            let messages: Vec<&str> = messages.into_iter().flatten().collect();
            Err(messages.join("\n\n").into())
        }
    }
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
        this.cancellation.forget_waker();
        let future = this.future.take();
        let dropped = panic::catch_unwind(AssertUnwindSafe(|| drop(future)));
        this.end
            .set(Some(both(dropped, result).map(|((), verdict)| verdict)));
        Poll::Ready(())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // The runtime may be unwinding: a second panic would abort the process.
        unwind::contain(|| self.cancellation.forget_waker());
        unwind::contain(|| drop(self.future.take()));
    }
}

/// Returns both results, or the panic of the later one, or else of the earlier one.
fn both<A, B>(later: Result<A, Payload>, earlier: Result<B, Payload>) -> Result<(A, B), Payload> {
    match (later, earlier) {
        (Ok(later), Ok(earlier)) => Ok((later, earlier)),
        (Err(payload), Err(earlier)) => {
            unwind::discard(earlier);
            Err(payload)
        }
        (Err(payload), Ok(_)) | (Ok(_), Err(payload)) => Err(payload),
    }
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

    /// Drops the waker, which may keep the runtime, on the thread of the task.
    fn forget_waker(&self) {
        let waker = self.lock().waker.take();
        drop(waker);
    }

    /// Says whether there is a task that has been polled, and waits or is just being polled.
    pub(crate) fn is_waiting(&self) -> bool {
        self.lock().waker.is_some()
    }

    /// Says whether the task is cancelled; if not, wakes it when it is.
    fn is_cancelled(&self, waker: &Waker) -> bool {
        // Wakers are the runtime's: none is cloned or dropped while the lock is held.
        let waker = Some(waker.clone());
        let (is_cancelled, former) = {
            let mut state = self.lock();
            (state.is_cancelled, mem::replace(&mut state.waker, waker))
        };
        drop(former);
        is_cancelled
    }

    fn lock(&self) -> MutexGuard<'_, CancellationState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
