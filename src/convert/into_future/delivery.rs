//! What the loop's thread does for a [`PyFuture`](crate::convert::into_future::PyFuture): makes a task of the awaitable, and cancels it.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::{Deliver, closed_error, leaves_the_loop};
use crate::convert::into_future::done_callback::DoneCallback;
use crate::convert::into_future::shared_future::{Interest, Origin, SharedFuture, TaskStage};
use crate::convert::into_future::task::{
    cancel_unstarted, close_coroutine, discard_pending_task, ensure_future,
};
use crate::err::catch_as_error;
use crate::python::asyncio;
use crate::python::exceptions::stash;
use crate::task_locals::TaskLocals;

/// What the loop's thread has to do next.
enum LoopAction {
    Start(Py<PyAny>, TaskLocals),
    GiveUp(Py<PyAny>, TaskLocals),
    Cancel(Py<PyAny>),
    Report(PyResult<Py<PyAny>>),
    Nothing,
}

impl Deliver for SharedFuture {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        self.surroundings().run(|| self.act(py))
    }

    fn discard(self: Arc<Self>) -> bool {
        match self.take_unfinished() {
            Some(TaskStage::New(awaitable, _)) => {
                Python::try_attach(|py| {
                    stash::call_without_exception(py, || close_coroutine(awaitable.bind(py)))
                });
            }
            Some(TaskStage::Started(task, Origin::Ours)) => {
                Python::try_attach(|py| {
                    stash::call_without_exception(py, || discard_pending_task(task.bind(py)))
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
    /// Takes what a closed loop has left; an output stays where it is.
    fn take_unfinished(&self) -> Option<TaskStage> {
        let mut state = self.lock();
        match state.stage {
            TaskStage::Done(_) | TaskStage::Gone => None,
            _ => Some(std::mem::replace(&mut state.stage, TaskStage::Starting)),
        }
    }

    /// Does on the loop's thread what is to be done next.
    fn act(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        match self.next_action(py) {
            LoopAction::Start(awaitable, locals) => {
                if let Err(error) = catch_as_error(|| self.start_task(awaitable, &locals, py)) {
                    let leaves = leaves_the_loop(&error, py).then(|| error.clone_ref(py));
                    self.finish_or_report(py, Err(error))?;
                    return leaves.map_or(Ok(()), Err);
                }
            }
            LoopAction::GiveUp(awaitable, locals) => {
                self.finish_unretrieved();
                cancel_unstarted(awaitable.bind(py), &locals)?;
            }
            LoopAction::Cancel(task) => {
                task.bind(py).call_method0(intern!(py, "cancel"))?;
            }
            LoopAction::Report(output) => report(py, output)?,
            LoopAction::Nothing => {}
        }
        Ok(())
    }

    fn next_action(&self, py: Python<'_>) -> LoopAction {
        let mut state = self.lock();
        let (is_wanted, cancelled) = (
            state.interest == Interest::Wanted,
            state.interest == Interest::Dropped,
        );
        let (after, next) = match std::mem::replace(&mut state.stage, TaskStage::Starting) {
            TaskStage::New(awaitable, locals) if cancelled => {
                (TaskStage::Starting, LoopAction::GiveUp(awaitable, locals))
            }
            TaskStage::New(awaitable, locals) => {
                (TaskStage::Starting, LoopAction::Start(awaitable, locals))
            }
            TaskStage::Started(task, origin) if cancelled => (
                TaskStage::Started(task.clone_ref(py), origin),
                LoopAction::Cancel(task),
            ),
            TaskStage::Done(output) if !is_wanted => (TaskStage::Gone, LoopAction::Report(output)),
            stage => (stage, LoopAction::Nothing),
        };
        state.stage = after;
        next
    }

    /// Keeps the output for whoever polls, or tells the loop of an error where nobody will.
    pub(crate) fn finish_or_report(
        &self,
        py: Python<'_>,
        output: PyResult<Py<PyAny>>,
    ) -> PyResult<()> {
        self.finish(output)
            .map_or(Ok(()), |output| report(py, output))
    }

    fn start_task(
        self: &Arc<Self>,
        awaitable: Py<PyAny>,
        locals: &TaskLocals,
        py: Python<'_>,
    ) -> PyResult<()> {
        let task = ensure_future(awaitable.bind(py), locals)?;
        let origin = if task.is(&awaitable) {
            Origin::Theirs
        } else {
            Origin::Ours
        };
        if origin == Origin::Ours
            && self.is_wanted()
            && task.call_method0(intern!(py, "done"))?.is_truthy()?
        {
            // It took one step, and that was all.
            let output = task.call_method0(intern!(py, "result"));
            return self.finish_or_report(py, output.map(Bound::unbind));
        }
        self.store_task(&task, origin);
        let callback = Bound::new(py, DoneCallback::new(Arc::clone(self)))?;
        task.call_method1(intern!(py, "add_done_callback"), (callback,))?;
        Ok(())
    }

    /// Remembers the task, unless the loop was closed meanwhile.
    fn store_task(&self, task: &Bound<'_, PyAny>, origin: Origin) {
        let mut state = self.lock();
        if matches!(state.stage, TaskStage::Starting) {
            state.stage = TaskStage::Started(task.clone().unbind(), origin);
        }
    }
}

/// Tells the loop of an error that nobody gets; a cancellation is none, and what leaves the loop is not unseen.
fn report(py: Python<'_>, output: PyResult<Py<PyAny>>) -> PyResult<()> {
    let Err(error) = output else {
        return Ok(());
    };
    if leaves_the_loop(&error, py) || error.matches(py, asyncio::cancelled_error(py)?)? {
        return Ok(());
    }
    let event_loop = asyncio::get_running_loop(py)?;
    let message = "PyFuture exception was never retrieved";
    asyncio::call_exception_handler(&event_loop, message, error, &[])
}
