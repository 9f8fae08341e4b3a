//! The event loop and the context variables that a Rust future takes along.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;

use crate::instrument::Surroundings;
use crate::python::asyncio;
use crate::python::contextvars;

/// The Python side of a task: its event loop and its context variables ([`contextvars.Context`]).
///
/// Futures that were started through this library see the locals of the place that started them; [`scope`] sets them
/// by hand. Clones share one allocation and need no Python.
///
/// [`contextvars.Context`]: https://docs.python.org/3/library/contextvars.html
/// [`scope`]: crate::generic::scope
#[derive(Debug, Clone)]
pub struct TaskLocals(Arc<Locals>);

#[derive(Debug)]
struct Locals {
    event_loop: Py<PyAny>,
    /// `None` until it has been copied or set.
    context: Option<Py<PyAny>>,
}

impl TaskLocals {
    /// Holds an event loop, and no context yet.
    #[must_use]
    pub fn new(event_loop: Bound<'_, PyAny>) -> Self {
        Self::from_parts(event_loop.unbind(), None)
    }

    /// Holds the event loop that runs on this thread, and no context yet.
    ///
    /// # Errors
    ///
    /// `RuntimeError: no running event loop`.
    pub fn with_running_loop(py: Python<'_>) -> PyResult<Self> {
        Ok(Self::new(asyncio::get_running_loop(py)?))
    }

    /// Replaces the context by `context`, a `contextvars.Context`.
    #[must_use]
    pub fn with_context(self, context: Bound<'_, PyAny>) -> Self {
        let py = context.py();
        Self::from_parts(self.0.event_loop.clone_ref(py), Some(context.unbind()))
    }

    /// Replaces the context by a copy of the current one.
    ///
    /// # Errors
    ///
    /// Those of `contextvars.copy_context()`.
    pub fn copy_context(self, py: Python<'_>) -> PyResult<Self> {
        Ok(self.with_context(contextvars::copy_current(py)?))
    }

    /// Returns the event loop.
    #[must_use]
    pub fn event_loop<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.0.event_loop.bind(py).clone()
    }

    /// Returns the context; `None` in Python where there is none yet.
    #[must_use]
    pub fn context<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        match &self.0.context {
            Some(context) => context.bind(py).clone(),
            None => py.None().into_bound(py),
        }
    }

    /// Clones the locals.
    #[deprecated(note = "clone them instead")]
    #[must_use]
    pub fn clone_ref(&self, _py: Python<'_>) -> Self {
        self.clone()
    }

    /// Calls a function inside the context, so that Python code that it calls sees the task's context variables; without
    /// a context, as it is.
    ///
    /// What it sets stays in the context. When the context is in use just then, on this or another thread, the function
    /// is called in a copy, which is forgotten.
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
    /// Those of the function.
    pub fn run<'py, T>(
        &self,
        py: Python<'py>,
        f: impl FnOnce(Python<'py>) -> PyResult<T>,
    ) -> PyResult<T> {
        let Some(context) = &self.0.context else {
            return f(py);
        };
        let mut function = Some(f);
        let mut call = || function.take().map(|f| f(py));
        let called = match contextvars::run(context.bind(py), &mut call) {
            Ok(called) => called,
            Err(_in_use) => {
                let copy = context.bind(py).call_method0(intern!(py, "copy"))?;
                contextvars::run(&copy, &mut call)?
            }
        };
        called.expect("an error of the first call means that nothing was called")
    }

    /// Those of the code that runs just now on this thread; see [`owner`].
    pub(crate) fn current(py: Python<'_>) -> PyResult<Self> {
        owner(py, || None)?.into_locals()
    }

    /// Holds an event loop, and a copy of the current context.
    pub(crate) fn here(event_loop: Bound<'_, PyAny>) -> PyResult<Self> {
        let context = contextvars::copy_current(event_loop.py())?;
        Ok(Self::from_parts(
            event_loop.unbind(),
            Some(context.unbind()),
        ))
    }

    fn from_parts(event_loop: Py<PyAny>, context: Option<Py<PyAny>>) -> Self {
        Self(Arc::new(Locals {
            event_loop,
            context,
        }))
    }
}

thread_local! {
    /// The locals of the future that is being polled on this thread.
    static CURRENT: RefCell<Option<TaskLocals>> = const { RefCell::new(None) };
    /// Where that poll takes place.
    static PLACE: Cell<Place> = const { Cell::new(Place::RustThread) };
}

/// Where a future is being polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// On a thread of Rust's. A loop that runs here has been started from within the poll.
    RustThread,
    /// On the thread of a running loop, as a coroutine's first poll. That loop and its context are the right ones, and
    /// what is current from further out is not.
    FirstPoll,
    /// The same, within a [`scope`].
    ScopeInFirstPoll,
}

/// What the code that runs on this thread belongs to.
pub(crate) enum Owner<'py> {
    /// The task that is being polled.
    Task(TaskLocals),
    /// The event loop that runs on this thread, as in Python; also one that was started from within a poll.
    Loop(Bound<'py, PyAny>),
}

impl Owner<'_> {
    /// The task's locals, or the loop with a copy of the current context.
    pub(crate) fn into_locals(self) -> PyResult<TaskLocals> {
        match self {
            Self::Task(locals) => Ok(locals),
            Self::Loop(event_loop) => TaskLocals::here(event_loop),
        }
    }
}

/// Finds out what the code on this thread belongs to; `of_runtime` is asked where the bridge polls nothing.
///
/// # Errors
///
/// `RuntimeError: no running event loop`.
pub(crate) fn owner(
    py: Python<'_>,
    of_runtime: impl FnOnce() -> Option<TaskLocals>,
) -> PyResult<Owner<'_>> {
    let polled = polled();
    if PLACE.get() == Place::ScopeInFirstPoll {
        if let Some(locals) = polled {
            return Ok(Owner::Task(locals));
        }
    }
    let running = asyncio::running_loop_or_none(py)?.call0()?;
    if !running.is_none() {
        return Ok(Owner::Loop(running));
    }
    match polled.or_else(of_runtime) {
        Some(locals) => Ok(Owner::Task(locals)),
        // For its error.
        None => asyncio::get_running_loop(py).map(Owner::Loop),
    }
}

/// The locals of the future that is being polled on this thread.
pub(crate) fn polled() -> Option<TaskLocals> {
    if PLACE.get() == Place::FirstPoll {
        return None;
    }
    CURRENT
        .try_with(|current| current.borrow().clone())
        .ok()
        .flatten()
}

/// The locals that a task spawned here inherits.
///
/// While a coroutine is polled on its caller's thread they are the running loop's and its context's, which takes a
/// moment of Python on that thread.
pub(crate) fn inherited() -> Option<TaskLocals> {
    if PLACE.get() != Place::FirstPoll {
        return polled();
    }
    Python::try_attach(|py| TaskLocals::here(asyncio::get_running_loop(py)?))?.ok()
}

/// Makes locals current on this thread until the guard is dropped.
pub(crate) fn enter(locals: TaskLocals) -> Entered {
    let place = match PLACE.get() {
        Place::RustThread => Place::RustThread,
        Place::FirstPoll | Place::ScopeInFirstPoll => Place::ScopeInFirstPoll,
    };
    Entered {
        outer: CURRENT.replace(Some(locals)),
        outer_place: PLACE.replace(place),
    }
}

/// Polls a coroutine on its caller's thread, with outer locals hidden.
#[inline]
pub(crate) fn in_first_poll<T>(poll: impl FnOnce() -> T) -> T {
    PLACE.with(|place| {
        let _outer = Restore(place, place.replace(Place::FirstPoll));
        poll()
    })
}

struct Restore<'a>(&'a Cell<Place>, Place);

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Restores what was current before.
pub(crate) struct Entered {
    outer: Option<TaskLocals>,
    outer_place: Place,
}

impl Drop for Entered {
    fn drop(&mut self) {
        PLACE.set(self.outer_place);
        // A thread whose storage is gone polls nothing any more.
        let _ = CURRENT.try_with(|current| current.replace(self.outer.take()));
    }
}

#[cfg(any(
    feature = "tokio-runtime",
    feature = "async-std-runtime",
    feature = "smol-runtime",
    feature = "testing"
))]
/// Runs a future with these locals current whenever it is polled.
pub(crate) async fn scope<F: Future>(locals: TaskLocals, future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| {
        let _entered = enter(locals.clone());
        future.as_mut().poll(cx)
    })
    .await
}

/// Has a future that is spawned elsewhere run as what spawns it: with its locals, and in its surroundings.
pub(crate) fn carry<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let (locals, surroundings) = (inherited(), Surroundings::of_thread());
    async move {
        let mut future = pin!(future);
        std::future::poll_fn(move |cx| {
            let _entered = locals.clone().map(enter);
            surroundings.run(|| future.as_mut().poll(cx))
        })
        .await
    }
}
