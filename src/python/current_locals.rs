//! The locals of the code that runs on this thread, with what Python knows of them: the running loop and its context.

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

use crate::python::asyncio;
use crate::python::awaited_by;
use crate::python::contextvars;
use crate::python::trio;
use crate::task_locals;
use crate::task_locals::{Polled, Poller, TaskLocals};

impl TaskLocals {
    /// Holds the event loop that runs on this thread, and no context yet.
    ///
    /// # Errors
    ///
    /// `RuntimeError: no running event loop`.
    pub fn with_running_loop(py: Python<'_>) -> PyResult<Self> {
        Ok(Self::new(asyncio::get_running_loop(py)?))
    }

    /// Replaces the context by a copy of the current one.
    ///
    /// # Errors
    ///
    /// The errors of `contextvars.copy_context()`: only when Python has no memory left.
    pub fn copy_context(self, py: Python<'_>) -> PyResult<Self> {
        Ok(self.with_context(contextvars::copy_current(py)?))
    }

    /// Calls a function inside the context, so that Python code that it calls sees the task's context variables. Locals
    /// without a context call it in the current one.
    ///
    /// Variables that it sets stay set in the context. A context cannot be entered twice (`contextvars.Context.run`):
    /// while it is entered, on this or another thread, the function is called in a copy of it, and variables that it
    /// sets are lost.
    ///
    /// ```
    /// # use pyo3::prelude::*;
    /// # use pyo3_aio::TaskLocals;
    /// fn log(py: Python<'_>, locals: &TaskLocals, text: &str) -> PyResult<()> {
    ///     locals.run(py, |py| {
    ///         py.import("logging")?.call_method1("info", (text,))?;
    ///         Ok(())
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The errors of the function.
    ///
    /// # Panics
    ///
    /// Where the function does; the context has been left then.
    pub fn run<'py, T>(
        &self,
        py: Python<'py>,
        f: impl FnOnce(Python<'py>) -> PyResult<T>,
    ) -> PyResult<T> {
        let Some(context) = self.context_if_any(py) else {
            return f(py);
        };
        let mut function = Some(f);
        let mut call = || function.take().map(|f| f(py));
        let called = match contextvars::run(context, &mut call) {
            Ok(called) => called,
            Err(_in_use) => {
                let copy = context.call_method0(intern!(py, "copy"))?;
                contextvars::run(&copy, &mut call)?
            }
        };
        called.expect("an error of the first call means that nothing was called")
    }

    /// Returns the locals of the code that runs on this thread; see [`CurrentLocals::find`].
    pub(crate) fn current(py: Python<'_>) -> PyResult<Self> {
        CurrentLocals::find(py, || None)?.into_locals()
    }

    /// As [`TaskLocals::with_current_context`], for a future that the current task awaits.
    pub(crate) fn of_awaited_future(event_loop: Bound<'_, PyAny>) -> PyResult<Self> {
        let py = event_loop.py();
        let context = contextvars::copy_current(py)?;
        let awaiter = awaited_by::current_task(py)?;
        Ok(Self::of_awaited(
            event_loop.unbind(),
            Some(context.unbind()),
            awaiter,
        ))
    }

    /// Holds an event loop, and a copy of the current context.
    pub(crate) fn with_current_context(event_loop: Bound<'_, PyAny>) -> PyResult<Self> {
        let context = contextvars::copy_current(event_loop.py())?;
        Ok(Self::from_parts(
            event_loop.unbind(),
            Some(context.unbind()),
        ))
    }
}

/// The locals of the code on this thread, before a context has been copied for them.
pub(crate) enum CurrentLocals<'py> {
    /// The locals of the task that is being polled.
    Task(TaskLocals),
    /// The event loop that runs on this thread, with its current context.
    RunningLoop(Bound<'py, PyAny>),
}

impl<'py> CurrentLocals<'py> {
    /// Finds the locals: those of a [`scope`](task_locals::scope) in a first poll, else the loop that runs on this
    /// thread, else those of the future that is being polled, else those of the runtime's own (`of_runtime`), else those that
    /// a future of `block_on` has on demand, else the run of trio on this thread, whose token stands for its loop.
    ///
    /// The running loop stands before the polled future because a loop on such a thread was started from within the poll.
    ///
    /// # Errors
    ///
    /// `RuntimeError: no running event loop`; the errors of the start of the loop in the background.
    pub(crate) fn find(
        py: Python<'py>,
        of_runtime: impl FnOnce() -> Option<TaskLocals>,
    ) -> PyResult<Self> {
        let (polled, on_demand) = match task_locals::polled_or_on_demand() {
            Some(Polled::Locals(locals)) => (Some(locals), None),
            Some(Polled::OnDemand(on_demand)) => (None, Some(on_demand)),
            None => (None, None),
        };
        if task_locals::poller() == Poller::ScopeOnLoop {
            if let Some(locals) = polled {
                return Ok(Self::Task(locals));
            }
        }
        let running = asyncio::running_loop_or_none(py)?.call0()?;
        if !running.is_none() {
            return Ok(Self::RunningLoop(running));
        }
        match (polled.or_else(of_runtime), on_demand) {
            (Some(locals), _) => Ok(Self::Task(locals)),
            (None, Some(on_demand)) => on_demand.locals(py).map(Self::Task),
            (None, None) if trio::is_running_here(py)? => {
                let token = trio::current_token(py)?;
                Ok(Self::Task(TaskLocals::new(token).copy_context(py)?))
            }
            (None, None) => Err(no_locals()),
        }
    }

    /// Returns the task's locals, or the loop with a copy of the current context.
    pub(crate) fn into_locals(self) -> PyResult<TaskLocals> {
        match self {
            Self::Task(locals) => Ok(locals),
            // In a first poll the current task awaits the coroutine.
            Self::RunningLoop(event_loop) if task_locals::poller() == Poller::Loop => {
                TaskLocals::of_awaited_future(event_loop)
            }
            Self::RunningLoop(event_loop) => TaskLocals::with_current_context(event_loop),
        }
    }

    /// Returns the event loop alone.
    pub(crate) fn into_event_loop(self, py: Python<'py>) -> Bound<'py, PyAny> {
        match self {
            Self::Task(locals) => locals.event_loop(py),
            Self::RunningLoop(event_loop) => event_loop,
        }
    }
}

/// The error of a conversion on a thread of no loop, most often in a task that the runtime itself has spawned. It begins as
/// asyncio's own (`get_running_loop`).
#[cold]
fn no_locals() -> PyErr {
    PyRuntimeError::new_err(
        "no running event loop: start the Rust task with `spawn` of this library, run it in a `scope`, or convert with a \
         function that takes locals, such as `into_future_with_locals`",
    )
}

/// Returns the locals that a task spawned on this thread inherits.
///
/// In a coroutine's first poll, which is detached from Python, they are the running loop's and its context's: this
/// attaches for a moment.
pub(crate) fn inherited() -> Option<Polled> {
    if task_locals::poller() != Poller::Loop {
        return task_locals::polled_or_on_demand();
    }
    let locals = Python::try_attach(|py| {
        let locals = TaskLocals::current(py)?;
        let weak = PyWeakrefReference::new(&locals.event_loop(py)).ok();
        PyResult::Ok(locals.without_loop(py, weak.map(Bound::unbind)))
    });
    locals?.ok().map(Polled::Locals)
}
