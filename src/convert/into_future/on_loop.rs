//! What the loop's thread does for a [`PyFuture`](crate::convert::into_future::PyFuture): makes a task of the awaitable, and cancels it.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::{Deliver, closed_error, leaves_the_loop};
use crate::convert::into_future::callback::DoneCallback;
use crate::convert::into_future::shared::{Interest, Origin, Shared, Stage};
use crate::convert::into_future::task::{close, ensure_future, give_up, silence};
use crate::err::catch_as_error;
use crate::python::asyncio;
use crate::python::exceptions::stash;
use crate::task_locals::TaskLocals;

/// What the loop's thread has to do next.
enum Next {
    Start(Py<PyAny>, TaskLocals),
    GiveUp(Py<PyAny>, TaskLocals),
    Cancel(Py<PyAny>),
    Report(PyResult<Py<PyAny>>),
    Nothing,
}

impl Deliver for Shared {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        self.surroundings().run(|| self.take_step(py))
    }

    fn discard(self: Arc<Self>) -> bool {
        match self.take_unfinished() {
            Some(Stage::New(awaitable, _)) => {
                Python::try_attach(|py| stash::keep(py, || close(awaitable.bind(py))));
            }
            Some(Stage::Started(task, Origin::Ours)) => {
                Python::try_attach(|py| stash::keep(py, || silence(task.bind(py))));
            }
            _ => {}
        }
        self.finish(Err(closed_error()));
        true
    }

    fn abort(self: Arc<Self>) {
        let mut inner = self.lock();
        inner.aborted = true;
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Shared {
    /// Takes what a closed loop has left; an output stays where it is.
    fn take_unfinished(&self) -> Option<Stage> {
        let mut inner = self.lock();
        match inner.stage {
            Stage::Done(_) | Stage::Gone => None,
            _ => Some(std::mem::replace(&mut inner.stage, Stage::Starting)),
        }
    }

    /// Does on the loop's thread what is to be done next.
    fn take_step(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        match self.next(py) {
            Next::Start(awaitable, locals) => {
                if let Err(error) = catch_as_error(|| self.start_task(awaitable, &locals, py)) {
                    let leaves = leaves_the_loop(&error, py).then(|| error.clone_ref(py));
                    self.finish_or_report(py, Err(error))?;
                    return leaves.map_or(Ok(()), Err);
                }
            }
            Next::GiveUp(awaitable, locals) => {
                self.finish_unseen();
                give_up(awaitable.bind(py), &locals)?;
            }
            Next::Cancel(task) => {
                task.bind(py).call_method0(intern!(py, "cancel"))?;
            }
            Next::Report(output) => report(py, output)?,
            Next::Nothing => {}
        }
        Ok(())
    }

    fn next(&self, py: Python<'_>) -> Next {
        let mut inner = self.lock();
        let (is_wanted, cancelled) = (
            inner.interest == Interest::Wanted,
            inner.interest == Interest::Dropped,
        );
        let (after, next) = match std::mem::replace(&mut inner.stage, Stage::Starting) {
            Stage::New(awaitable, locals) if cancelled => {
                (Stage::Starting, Next::GiveUp(awaitable, locals))
            }
            Stage::New(awaitable, locals) => (Stage::Starting, Next::Start(awaitable, locals)),
            Stage::Started(task, origin) if cancelled => (
                Stage::Started(task.clone_ref(py), origin),
                Next::Cancel(task),
            ),
            Stage::Done(output) if !is_wanted => (Stage::Gone, Next::Report(output)),
            stage => (stage, Next::Nothing),
        };
        inner.stage = after;
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
        self.started(&task, origin);
        let callback = Bound::new(py, DoneCallback::new(Arc::clone(self)))?;
        task.call_method1(intern!(py, "add_done_callback"), (callback,))?;
        Ok(())
    }

    /// Remembers the task, unless the loop was closed meanwhile.
    fn started(&self, task: &Bound<'_, PyAny>, origin: Origin) {
        let mut inner = self.lock();
        if matches!(inner.stage, Stage::Starting) {
            inner.stage = Stage::Started(task.clone().unbind(), origin);
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
