//! Polls the future of an async trial on the trial's thread.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use super::body::{Body, BodyArguments, Done, TestFuture, Verdict, done};
use super::cancellation::Cancellation;
use super::failed::{Completion, Failed};
use crate::block_on::block_on;
use crate::unwind::{self, Payload};

/// The future of an async trial.
type TrialFuture = Pin<Box<dyn Future<Output = Verdict>>>;

/// Returns a body that polls the future of `start` on the thread that it is called on.
pub(crate) fn async_body<S, F>(start: S) -> Body
where
    S: FnOnce() -> F + Send + 'static,
    F: Future<Output = Result<Completion, Failed>> + 'static,
{
    Body::InProcess(Box::new(|call: BodyArguments| {
        run(call, Box::pin(async { start().await.map(done) }))
    }))
}

/// Polls a future on this thread, by the `block_on` of the call or that of this crate. Returns `None` if the future was
/// dropped before it was ready, by a cancellation or by the runtime.
///
/// # Panics
///
/// Panics with the payload of the last panic among those of the future, its drop and the runtime.
fn run(call: BodyArguments, future: TrialFuture) -> Option<Verdict> {
    let end = Rc::new(Cell::new(None));
    let task = Task {
        future: Some(future),
        closing: None,
        close: call.close,
        was_cancelled: false,
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

/// Adds a failure of the runtime to the verdict of the test itself.
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

/// Wraps the future of a trial for the runtime, and keeps its result. It never panics, so that the runtime ends as
/// it does after a test that passes.
struct Task {
    future: Option<TrialFuture>,
    /// What is awaited after the future.
    closing: Option<TestFuture>,
    close: fn() -> Option<TestFuture>,
    /// Whether the future was dropped because the trial was cancelled.
    was_cancelled: bool,
    cancellation: Arc<Cancellation>,
    end: Rc<Cell<Option<thread::Result<Verdict>>>>,
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(future) = &mut this.future else {
            return this.poll_closing(cx);
        };
        if this.cancellation.is_cancelled(cx.waker()) {
            this.was_cancelled = true;
            unwind::contain(|| drop(this.future.take()));
            this.closing = (this.close)();
            return this.poll_closing(cx);
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
        this.closing = (this.close)();
        this.poll_closing(cx)
    }
}

impl Task {
    fn poll_closing(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(closing) = &mut self.closing else {
            return Poll::Ready(());
        };
        // If the trial's time is over only now, what it waits for is given up.
        let is_given_up = !self.was_cancelled && self.cancellation.is_cancelled(cx.waker());
        if !is_given_up && closing.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.cancellation.forget_waker();
        unwind::contain(|| drop(self.closing.take()));
        Poll::Ready(())
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        // The runtime may be unwinding: a second panic would abort the process.
        unwind::contain(|| self.cancellation.forget_waker());
        unwind::contain(|| drop(self.future.take()));
        unwind::contain(|| drop(self.closing.take()));
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
