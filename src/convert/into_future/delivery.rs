//! The loop's side of a [`PyFuture`](crate::convert::into_future::PyFuture): its thread calls the function, if there is one,
//! makes a task of the awaitable, and cancels it.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::{Deliver, closed_error, leaves_the_loop};
use crate::convert::into_future::done_callback::DoneCallback;
use crate::convert::into_future::shared_future::{Interest, Origin, SharedFuture, TaskStage};
use crate::convert::into_future::source::{LoopCall, Source, drop_call};
use crate::convert::into_future::task::{
    cancel_task, close_coroutine, discard_pending_task, ensure_future, ensure_future_unstarted,
};
use crate::err::catch_as_error;
use crate::python::exceptions::stash;
use crate::python::{asyncio, awaited_by};
use crate::task_locals::TaskLocals;

/// An action of the loop's thread, chosen under the lock and taken outside of it.
enum FutureAction {
    Start(Source, TaskLocals),
    Abandon(Source, TaskLocals),
    Cancel(Option<String>),
    Report(PyResult<Py<PyAny>>),
    Nothing,
}

impl Deliver for SharedFuture {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        self.instrumentation().run(|| self.act(py))
    }

    fn discard(self: Arc<Self>, object: Option<Py<PyAny>>) -> bool {
        // A hub that is being closed refuses a push before it gives up what is pending.
        let object = object.or_else(|| self.registration.replace_object(None));
        if object.is_none()
            && matches!(
                self.lock().stage,
                TaskStage::New(..) | TaskStage::Running(_)
            )
        {
            // The hub is being closed, and has the object, with which it calls this.
            return true;
        }
        match (self.take_unfinished(), object) {
            (Some(TaskStage::New(Source::Call(call), _)), _) => drop_call(call),
            (stage, Some(object)) => {
                Python::try_attach(|py| {
                    let object = object.into_bound(py);
                    stash::call_without_exception(py, || match stage {
                        Some(TaskStage::New(..)) => close_coroutine(&object),
                        Some(TaskStage::Running(Origin::Library)) => discard_pending_task(&object),
                        _ => {}
                    });
                });
            }
            _ => {}
        }
        self.finish(Err(closed_error()));
        true
    }

    fn abort(self: Arc<Self>) {
        let mut state = self.lock();
        state.is_shut_down = true;
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl SharedFuture {
    /// Takes the awaitable or the task that a closed loop leaves. An output stays for whoever polls.
    fn take_unfinished(&self) -> Option<TaskStage> {
        let mut state = self.lock();
        match state.stage {
            TaskStage::Output(_) | TaskStage::Finished => None,
            _ => Some(std::mem::replace(&mut state.stage, TaskStage::Starting)),
        }
    }

    /// Takes the next action, on the loop's thread.
    fn act(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        match self.next_action() {
            FutureAction::Start(source, locals) => {
                // The hub has none any more where another thread closes the loop just now.
                let Some(object) = self.registration.replace_object(None) else {
                    return source.abandon(None, &locals, py);
                };
                let start = || self.start_source(source, object, &locals, py);
                if let Err(error) = catch_as_error(start) {
                    let leaves = leaves_the_loop(&error, py).then(|| error.clone_ref(py));
                    self.finish_or_report(py, Err(error))?;
                    return leaves.map_or(Ok(()), Err);
                }
                if self.is_cancel_requested() {
                    // Its own delivery came before the task, or is still to come and finds nothing to do.
                    return self.act(py);
                }
            }
            FutureAction::Abandon(source, locals) => {
                let object = self.registration.replace_object(None);
                self.finish_unretrieved();
                source.abandon(object, &locals, py)?;
            }
            FutureAction::Cancel(message) => {
                if let Some(task) = self.registration.object(py) {
                    cancel_task(task.bind(py), message)?;
                }
            }
            FutureAction::Report(output) => report(py, output)?,
            FutureAction::Nothing => {}
        }
        Ok(())
    }

    fn next_action(&self) -> FutureAction {
        let mut state = self.lock();
        let (is_wanted, is_dropped) = (
            state.interest == Interest::Wanted,
            state.interest == Interest::Dropped,
        );
        let (after, next) = match std::mem::replace(&mut state.stage, TaskStage::Starting) {
            TaskStage::New(source, locals) if is_dropped => {
                (TaskStage::Starting, FutureAction::Abandon(source, locals))
            }
            TaskStage::New(source, locals) => {
                (TaskStage::Starting, FutureAction::Start(source, locals))
            }
            TaskStage::Running(origin) => {
                let request = state.cancellation.pass_on();
                let action = request.map_or(FutureAction::Nothing, FutureAction::Cancel);
                (TaskStage::Running(origin), action)
            }
            TaskStage::Output(output) if !is_wanted => {
                (TaskStage::Finished, FutureAction::Report(output))
            }
            stage => (stage, FutureAction::Nothing),
        };
        state.stage = after;
        next
    }

    /// Keeps the output for whoever polls. Where nobody will, an error is reported to the loop.
    pub(crate) fn finish_or_report(
        &self,
        py: Python<'_>,
        output: PyResult<Py<PyAny>>,
    ) -> PyResult<()> {
        self.finish(output)
            .map_or(Ok(()), |output| report(py, output))
    }

    fn start_source(
        self: &Arc<Self>,
        source: Source,
        object: Py<PyAny>,
        locals: &TaskLocals,
        py: Python<'_>,
    ) -> PyResult<()> {
        let awaitable = match source {
            Source::Awaitable => Some(object),
            Source::Call(call) => self.call(py, call, locals)?,
        };
        match awaitable {
            Some(awaitable) => self.start_task(awaitable, locals, py),
            None => self.finish_or_report(py, Ok(py.None())),
        }
    }

    /// Calls the function in the context of the locals, unless it was cancelled before.
    fn call(
        &self,
        py: Python<'_>,
        call: LoopCall,
        locals: &TaskLocals,
    ) -> PyResult<Option<Py<PyAny>>> {
        let Some(message) = self.lock().cancellation.pass_on() else {
            return locals.run(py, call);
        };
        py.detach(|| drop_call(call));
        let class = asyncio::cancelled_error(py)?;
        let error = match message {
            Some(message) => class.call1((message,)),
            None => class.call0(),
        };
        Err(PyErr::from_value(error?))
    }

    fn start_task(
        self: &Arc<Self>,
        awaitable: Py<PyAny>,
        locals: &TaskLocals,
        py: Python<'_>,
    ) -> PyResult<()> {
        let awaitable = awaitable.bind(py);
        // The task of an awaitable that is cancelled before it starts takes no step before that, as in asyncio.
        let make_task = if self.is_cancel_requested() {
            ensure_future_unstarted
        } else {
            ensure_future
        };
        let task = make_task(awaitable, locals).inspect_err(|_| close_coroutine(awaitable))?;
        let origin = if task.is(awaitable) {
            Origin::User
        } else {
            Origin::Library
        };
        if origin == Origin::Library
            && self.is_wanted()
            && task.call_method0(intern!(py, "done"))?.is_truthy()?
        {
            // An eager task that was done after its first step needs no callback.
            let output = task.call_method0(intern!(py, "result"));
            return self.finish_or_report(py, output.map(Bound::unbind));
        }
        self.store_task(&task, origin);
        let awaiter = locals.awaiter().map(|awaiter| awaiter.clone_ref(py));
        if let Some(awaiter) = &awaiter {
            awaited_by::add(&task, awaiter)?;
        }
        let callback = Bound::new(py, DoneCallback::new(Arc::clone(self), awaiter))?;
        task.call_method1(intern!(py, "add_done_callback"), (callback,))?;
        Ok(())
    }

    /// Keeps the task, unless the loop was closed meanwhile: user code has run since the stage was read.
    fn store_task(&self, task: &Bound<'_, PyAny>, origin: Origin) {
        let mut state = self.lock();
        if matches!(state.stage, TaskStage::Starting) {
            state.stage = TaskStage::Running(origin);
            let before = self
                .registration
                .replace_object(Some(task.clone().unbind()));
            drop(state);
            drop(before);
        }
    }
}

/// Reports an error that no poll gets to the loop that runs on this thread. A cancellation is no error, and KeyboardInterrupt
/// and SystemExit end the loop's run anyway.
fn report(py: Python<'_>, output: PyResult<Py<PyAny>>) -> PyResult<()> {
    let Err(error) = output else {
        return Ok(());
    };
    if leaves_the_loop(&error, py) || error.matches(py, asyncio::cancelled_error(py)?)? {
        return Ok(());
    }
    let event_loop = asyncio::running_loop_or_none(py)?.call0()?;
    if event_loop.is_none() {
        // Under trio, which has no such handler.
        error.write_unraisable(py, None);
        return Ok(());
    }
    let message = "PyFuture exception was never retrieved";
    asyncio::call_exception_handler(&event_loop, message, error, &[])
}
