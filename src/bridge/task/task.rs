//! A Rust future that runs on a runtime and settles something on an event loop.
//!
//! Guarantees:
//! - Whatever happens to the future (it finishes, fails, panics, is cancelled, or its runtime drops it), its target is
//!   settled exactly once, on the loop's thread, after the future has been dropped; or the loop is closed.
//! - A user's values are dropped inside the runtime's context and detached from Python: their `Drop` may wait for a
//!   thread that attaches.
//!
//! Who does what when is in the table of [`state`](super::state).

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker};

use pyo3::prelude::*;

use crate::bridge::errors::{closed_error, left_behind_error};
use crate::bridge::event_loop::hub::{Deliver, Hub};
use crate::bridge::lifecycle::calls;
use crate::bridge::lifecycle::current_runtime;
use crate::bridge::lifecycle::in_flight;
use crate::bridge::runtime_vtable::RuntimeVtable;
use crate::bridge::task::erased::{Work, convert};
use crate::bridge::task::failure::Failure;
use crate::bridge::task::future::{Drive, Driver, Progress};
use crate::bridge::task::state::{NextPoll, TakenParts, TaskState};
use crate::bridge::task::unstarted::Unstarted;
use crate::instrument::Instrumentation;
use crate::panic::{CaughtPanic, catch_call};
use crate::task_locals;
use crate::task_locals::TaskLocals;

/// Settles the Python object that a task is for, on the loop's thread.
type Settle = fn(&Bound<'_, PyAny>, PyResult<Py<PyAny>>) -> PyResult<()>;

/// The Python object that a task settles, and how.
pub(crate) struct Target<'py> {
    pub(crate) future: Bound<'py, PyAny>,
    pub(crate) settle: Settle,
}

/// A Rust future on its way to a [`Target`]. The driver, the Python future and, weakly, the hub share it.
///
/// It has no reference to the target's object, which the hub owns for it, nor to the event loop: the runtime has the task,
/// and would keep the loop alive.
pub(crate) struct Task {
    state: TaskState<Content, Settle>,
    hub: Arc<Hub>,
    vtable: &'static RuntimeVtable,
    /// The instrumentation of the code that started the task.
    instrumentation: Instrumentation,
}

/// The future, then its output or the reason why it has none.
struct Content {
    work: Pin<Box<dyn Work>>,
    /// Kept with the future, so that they are dropped on the loop's thread.
    locals: TaskLocals,
}

impl Content {
    /// Polls the future with its locals.
    fn poll(
        &mut self,
        instrumentation: &Instrumentation,
        cx: &mut Context<'_>,
    ) -> Result<Poll<()>, CaughtPanic> {
        let _scope = task_locals::enter(self.locals.clone());
        instrumentation.run(|| catch_call(|| self.work.as_mut().poll(cx)))
    }
}

impl Task {
    /// Starts the future on its runtime.
    ///
    /// # Errors
    ///
    /// `RuntimeError: Event loop is closed`; the future is dropped then.
    pub(crate) fn start(
        py: Python<'_>,
        unstarted: Unstarted,
        target: Target<'_>,
        locals: TaskLocals,
        hub: Arc<Hub>,
    ) -> PyResult<Arc<Self>> {
        let vtable = unstarted.vtable;
        let work = unstarted.into_inner();
        let locals = locals.without_loop(py, hub.weak_event_loop(py));
        let task = Arc::new(Self {
            state: TaskState::new(Content { work, locals }, target.settle),
            hub,
            vtable,
            instrumentation: Instrumentation::current(py),
        });
        let item: Weak<dyn Deliver> = Arc::<Self>::downgrade(&task);
        let Some(key) = task.hub.register(item, target.future) else {
            task.cancel_now(py);
            return Err(closed_error());
        };
        task.state.set_key(key);
        (vtable.spawn)(Driver::new(Arc::<Self>::clone(&task)));
        if let Some(content) = task.state.end_start() {
            calls::detach(py, || task.abort_driver(content));
        }
        Ok(task)
    }

    fn abort_driver(self: &Arc<Self>, content: Content) {
        let _polling = in_flight::enter();
        self.end(content, Failure::Aborted);
        Arc::clone(self).push();
    }

    /// Asks the runtime to drop the future; its target is settled with CancelledError after that.
    pub(crate) fn request_cancel(&self) {
        if let Some(waker) = self.state.request_cancel() {
            waker.wake();
        }
    }

    /// Drops the future at once if it is idle, else when the poll under way returns. Its target is forgotten.
    pub(crate) fn cancel_now(&self, py: Python<'_>) {
        let (mut taken, object) = self.take();
        let locals = taken.future.take().map(|content| {
            let waker = taken.waker.take();
            calls::detach(py, || self.drop_content(content, waker))
        });
        drop((taken, locals, object));
    }

    /// Drops the target, which is settled already. The future runs on.
    pub(crate) fn forget_target(&self) {
        let key = self.state.forget_target();
        let object = key.and_then(|key| self.hub.replace_object(key, None));
        drop(object);
    }

    /// Whether the future is over, delivered or not. One that is being polled just now is not.
    pub(crate) fn has_finished(&self) -> bool {
        self.state.has_finished()
    }

    /// Takes everything out of the state, and the target's object out of the hub.
    fn take(&self) -> (TakenParts<Content, Settle>, Option<Py<PyAny>>) {
        let taken = self.state.take();
        let object = taken.key.and_then(|key| self.hub.unregister(key));
        (taken, object)
    }

    /// Drops a future for good, and has its driver end; returns its locals.
    fn drop_content(&self, content: Content, waker: Option<Waker>) -> TaskLocals {
        self.drop_inside(content.work);
        if let Some(waker) = waker {
            waker.wake();
        }
        content.locals
    }

    /// Drops a future and puts the reason in its place.
    fn end(&self, mut content: Content, failure: Failure) {
        let work = std::mem::replace(&mut content.work, Box::pin(failure));
        self.state.finish(content);
        self.drop_inside(work);
    }

    /// Drops a user's value where this thread is detached from Python.
    fn drop_inside(&self, value: impl Sized) {
        self.vtable.drop_inside(&self.instrumentation, value);
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(key) = self.state.take_key() {
            let object = self.hub.unregister(key);
            drop(object);
        }
    }
}

impl Drive for Task {
    fn advance(&self, cx: &mut Context<'_>) -> Poll<Progress> {
        let _current = current_runtime::enter((self.vtable.runtime)());
        let (mut content, waker) = match self.state.begin_poll() {
            NextPoll::Poll(content, waker) => (content, waker),
            NextPoll::End(content, reason) => {
                self.end(content, reason.into());
                return Poll::Ready(Progress::Finished);
            }
            NextPoll::Over => return Poll::Ready(Progress::Over),
        };
        match content.poll(&self.instrumentation, cx) {
            Ok(Poll::Pending) => {
                let waker = waker.filter(|waker| waker.will_wake(cx.waker()));
                let waker = waker.unwrap_or_else(|| cx.waker().clone());
                let Err((content, _waker, reason)) = self.state.end_poll(content, waker) else {
                    return Poll::Pending;
                };
                self.end(content, reason.into());
            }
            Ok(Poll::Ready(())) => self.state.finish(content),
            Err(caught) => self.end(content, Failure::Panicked(caught)),
        }
        Poll::Ready(Progress::Finished)
    }

    fn push(self: Arc<Self>) {
        self.hub.push(Arc::<Self>::clone(&self));
    }

    fn lose_driver(self: Arc<Self>) {
        let (content, waker) = self.state.lose_driver();
        drop(waker);
        if let Some(content) = content {
            self.abort_driver(content);
        }
    }
}

impl Deliver for Task {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let (TakenParts { target, future, .. }, object) = self.take();
        let Some(Content { work, locals }) = future else {
            return Ok(());
        };
        let (Some(settle), Some(object)) = (target, object) else {
            py.detach(|| self.drop_inside(work));
            return Ok(());
        };
        drop(locals);
        let result = self.instrumentation.run(|| convert(py, work));
        settle(object.bind(py), result)
    }

    fn discard(self: Arc<Self>, object: Option<Py<PyAny>>) -> bool {
        let (mut taken, own) = self.take();
        drop((object, own));
        if let Some(content) = taken.future.take() {
            self.drop_content(content, taken.waker.take());
        }
        !taken.is_running
    }

    fn leave_behind(self: Arc<Self>, future: Bound<'_, PyAny>) -> PyResult<()> {
        // The Rust future stays where it is.
        let Some(settle) = self.state.try_take_target() else {
            return Ok(());
        };
        settle(&future, Err(left_behind_error()))?;
        // The child need not want it: a look at the exception keeps it from being reported as unseen.
        if let Some(exception) = future.getattr_opt("exception")? {
            exception.call0()?;
        }
        Ok(())
    }

    fn abort(self: Arc<Self>) {
        if let Some((content, waker)) = self.state.take_to_end() {
            self.end(content, Failure::ShutDown);
            if let Some(waker) = waker {
                waker.wake();
            }
            self.push();
        }
    }
}
