//! Futures of `spawn` and `block_on`, and functions of `spawn_blocking`, which are not converted: the interpreter's exit has to
//! wait for their polls and calls as well.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::thread;

use crate::bridge::lifecycle::{calls, current_runtime, exit, in_flight};
use crate::bridge::runtime_vtable::RuntimeVtable;
use crate::instrument::Instrumentation;
use crate::python::current_locals;
use crate::task_locals;

/// A future that a runtime owns. Whenever it runs a user's code, dropping included, that counts as polling. Once the
/// interpreter exits, the future is dropped instead of polled, so that it does not attach while Python is finalised.
pub(crate) struct Spawned<F> {
    /// `None` once it has been dropped.
    future: Option<Pin<Box<F>>>,
    /// It was spawned after the exit hook was called, by another function of `atexit`, which may wait for it.
    is_late: bool,
    vtable: &'static RuntimeVtable,
}

/// Wraps a future that is about to be spawned, with the current locals carried along.
///
/// The exit hook is registered where the thread is attached to Python, as it is in a function that Python calls.
pub(crate) fn spawned<F: Future>(
    vtable: &'static RuntimeVtable,
    future: F,
) -> Spawned<impl Future<Output = F::Output>> {
    exit::register_if_attached();
    Spawned {
        future: Some(Box::pin(with_current_locals(future))),
        is_late: calls::exit_has_begun(),
        vtable,
    }
}

/// Wraps a function that is about to be called on a thread that may block, with the current locals carried along. Its call
/// counts as a poll.
pub(crate) fn spawned_blocking<T>(function: impl FnOnce() -> T) -> impl FnOnce() -> T {
    exit::register_if_attached();
    let is_late = calls::exit_has_begun();
    let (locals, instrumentation) = (current_locals::inherited(), Instrumentation::of_thread());
    move || {
        let polling = in_flight::enter();
        if calls::exit_has_begun() && !is_late {
            // There is no output to return without a call. The exit of the process ends this thread.
            drop(polling);
            loop {
                thread::park();
            }
        }
        let _entered = locals.map(task_locals::enter_polled);
        instrumentation.run(function)
    }
}

/// Has a future that another thread polls run with this thread's locals, and as part of the same test.
fn with_current_locals<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let (locals, instrumentation) = (current_locals::inherited(), Instrumentation::of_thread());
    async move {
        let mut future = pin!(future);
        poll_fn(move |cx| {
            let _entered = locals.clone().map(task_locals::enter_polled);
            instrumentation.run(|| future.as_mut().poll(cx))
        })
        .await
    }
}

impl<F: Future> Future for Spawned<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let _polling = in_flight::enter();
        let _current = current_runtime::enter((self.vtable.runtime)());
        if calls::exit_has_begun() && !self.is_late {
            self.future = None;
        }
        let Some(future) = &mut self.future else {
            return Poll::Pending;
        };
        let output = ready!(future.as_mut().poll(cx));
        self.future = None;
        Poll::Ready(output)
    }
}

impl<F> Drop for Spawned<F> {
    fn drop(&mut self) {
        let _polling = in_flight::enter();
        self.future = None;
    }
}
