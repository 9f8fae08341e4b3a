//! The type [`TaskLocals`], and the locals of the future that this thread polls.
//!
//! `python/current_locals.rs` adds what asks Python: the running loop, and copies of contexts.

use std::cell::{Cell, RefCell};
use std::pin::pin;
use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

/// The Python side of a task: its event loop and its context variables ([`contextvars.Context`]).
///
/// A future that this library converts or spawns sees the locals of the code that did so; [`scope`] sets others. Clones
/// share one allocation, and cloning needs no Python.
///
/// [`contextvars.Context`]: https://docs.python.org/3/library/contextvars.html
/// [`scope`]: crate::generic::scope
#[derive(Debug, Clone)]
pub struct TaskLocals(Arc<Locals>);

#[derive(Debug)]
struct Locals {
    event_loop: EventLoop,
    /// `None` until it has been copied or set.
    context: Option<Py<PyAny>>,
    /// A weak reference to the task of asyncio's that awaits the future, where that is known: `python/awaited_by.rs`.
    awaiter: Option<Py<PyWeakrefReference>>,
}

/// A reference to an event loop.
#[derive(Debug)]
enum EventLoop {
    Strong(Py<PyAny>),
    /// That of the locals of a Rust future which the library has on a runtime. A strong one would keep a loop alive that
    /// nobody runs any more: the garbage collector does not see what a runtime has.
    Weak(Py<PyWeakrefReference>),
}

impl TaskLocals {
    /// Holds an event loop, and no context yet.
    #[must_use]
    pub fn new(event_loop: Bound<'_, PyAny>) -> Self {
        Self::from_parts(event_loop.unbind(), None)
    }

    /// Replaces the context by `context`, a `contextvars.Context`.
    #[must_use]
    pub fn with_context(self, context: Bound<'_, PyAny>) -> Self {
        let event_loop = self.0.event_loop.clone_ref(context.py());
        Self(Arc::new(Locals {
            event_loop,
            context: Some(context.unbind()),
            awaiter: None,
        }))
    }

    /// Returns the event loop; Python's `None` where a Rust future has outlived its loop, which was collected as garbage.
    #[must_use]
    pub fn event_loop<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        match &self.0.event_loop {
            EventLoop::Strong(event_loop) => event_loop.bind(py).clone(),
            EventLoop::Weak(weak) => {
                let event_loop = weak.bind(py).upgrade();
                event_loop.unwrap_or_else(|| py.None().into_bound(py))
            }
        }
    }

    /// Replaces the reference to the loop by a weak one, if there is one.
    pub(crate) fn without_loop(self, py: Python<'_>, weak: Option<Py<PyWeakrefReference>>) -> Self {
        match weak {
            Some(weak) => self.with_event_loop(py, EventLoop::Weak(weak)),
            None => self,
        }
    }

    /// Replaces a weak reference to the loop by one that keeps it alive, for locals that leave the library.
    pub(crate) fn with_loop(self, py: Python<'_>) -> Self {
        match &self.0.event_loop {
            EventLoop::Weak(weak) => match weak.bind(py).upgrade() {
                Some(event_loop) => {
                    self.with_event_loop(py, EventLoop::Strong(event_loop.unbind()))
                }
                None => self,
            },
            EventLoop::Strong(_) => self,
        }
    }

    /// Returns the context; Python's `None` where there is none yet.
    #[must_use]
    pub fn context<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        match self.context_if_any(py) {
            Some(context) => context.clone(),
            None => py.None().into_bound(py),
        }
    }

    fn with_event_loop(mut self, py: Python<'_>, event_loop: EventLoop) -> Self {
        if let Some(locals) = Arc::get_mut(&mut self.0) {
            locals.event_loop = event_loop;
            return self;
        }
        let context = self.context_if_any(py);
        Self(Arc::new(Locals {
            event_loop,
            context: context.map(|context| context.clone().unbind()),
            awaiter: self.0.awaiter.as_ref().map(|awaiter| awaiter.clone_ref(py)),
        }))
    }

    /// Clones the locals.
    #[deprecated(note = "clone them instead")]
    #[must_use]
    pub fn clone_ref(&self, _py: Python<'_>) -> Self {
        self.clone()
    }

    pub(crate) fn context_if_any<'py>(&self, py: Python<'py>) -> Option<&Bound<'py, PyAny>> {
        self.0.context.as_ref().map(|context| context.bind(py))
    }

    /// Holds both, in one allocation.
    pub(crate) fn from_parts(event_loop: Py<PyAny>, context: Option<Py<PyAny>>) -> Self {
        Self::of_awaited(event_loop, context, None)
    }

    /// As [`TaskLocals::from_parts`], for a future that a task awaits.
    pub(crate) fn of_awaited(
        event_loop: Py<PyAny>,
        context: Option<Py<PyAny>>,
        awaiter: Option<Py<PyWeakrefReference>>,
    ) -> Self {
        Self(Arc::new(Locals {
            event_loop: EventLoop::Strong(event_loop),
            context,
            awaiter,
        }))
    }

    pub(crate) fn awaiter(&self) -> Option<&Py<PyWeakrefReference>> {
        self.0.awaiter.as_ref()
    }
}

/// The locals of a future, or the way to them.
#[derive(Debug, Clone)]
pub(crate) enum Polled {
    Locals(TaskLocals),
    OnDemand(Arc<LoopOnDemand>),
}

/// Locals whose event loop is found, and started if need be, by the first conversion: those of a future of `block_on`, which
/// mostly needs none.
#[derive(Debug)]
pub(crate) struct LoopOnDemand {
    event_loop: fn(Python<'_>) -> PyResult<Bound<'_, PyAny>>,
    context: Py<PyAny>,
}

impl LoopOnDemand {
    pub(crate) fn new(
        event_loop: fn(Python<'_>) -> PyResult<Bound<'_, PyAny>>,
        context: Bound<'_, PyAny>,
    ) -> Arc<Self> {
        let context = context.unbind();
        Arc::new(Self {
            event_loop,
            context,
        })
    }

    /// Returns the locals.
    ///
    /// # Errors
    ///
    /// The errors of the loop's start.
    pub(crate) fn locals(&self, py: Python<'_>) -> PyResult<TaskLocals> {
        let event_loop = (self.event_loop)(py)?;
        let context = self.context.clone_ref(py);
        Ok(TaskLocals::from_parts(event_loop.unbind(), Some(context)))
    }
}

impl EventLoop {
    fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Strong(event_loop) => Self::Strong(event_loop.clone_ref(py)),
            Self::Weak(weak) => Self::Weak(weak.clone_ref(py)),
        }
    }
}

thread_local! {
    /// The locals of the future that is being polled on this thread.
    static CURRENT: RefCell<Option<Polled>> = const { RefCell::new(None) };
    /// The kind of thread that polls it.
    static POLLER: Cell<Poller> = const { Cell::new(Poller::Runtime) };
}

/// The kind of thread that polls a future, and with it where its locals are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Poller {
    /// A thread of a runtime: they are in [`CURRENT`]. An event loop that runs on this thread was started from within
    /// the poll, and comes first.
    Runtime,
    /// The thread of a running loop, as the first poll of a coroutine or stream: they are that loop and its current
    /// context. [`CURRENT`] belongs to a poll further out, and does not count.
    Loop,
    /// The thread of a running loop, within a [`scope`] of such a first poll: they are in [`CURRENT`].
    ScopeOnLoop,
}

/// Returns the kind of thread that polls a future here.
pub(crate) fn poller() -> Poller {
    POLLER.get()
}

/// Returns the locals of the future that is being polled on this thread; none in a coroutine's first poll, and none where
/// they are only to be had on demand.
pub(crate) fn polled() -> Option<TaskLocals> {
    match polled_or_on_demand()? {
        Polled::Locals(locals) => Some(locals),
        Polled::OnDemand(_) => None,
    }
}

/// Returns the locals of the future that is being polled on this thread, or the way to them; none in a coroutine's first
/// poll.
pub(crate) fn polled_or_on_demand() -> Option<Polled> {
    if poller() == Poller::Loop {
        return None;
    }
    CURRENT
        .try_with(|current| current.borrow().clone())
        .ok()
        .flatten()
}

/// Makes locals current on this thread until the guard is dropped.
pub(crate) fn enter(locals: TaskLocals) -> Entered {
    enter_polled(Polled::Locals(locals))
}

/// As [`enter`], also for locals on demand.
pub(crate) fn enter_polled(polled: Polled) -> Entered {
    let poller = match poller() {
        Poller::Runtime => Poller::Runtime,
        Poller::Loop | Poller::ScopeOnLoop => Poller::ScopeOnLoop,
    };
    Entered {
        outer: CURRENT.replace(Some(polled)),
        outer_poller: POLLER.replace(poller),
    }
}

/// Polls a coroutine or stream on the thread of its loop, with the locals of polls further out hidden.
#[inline]
pub(crate) fn in_first_poll<T>(poll: impl FnOnce() -> T) -> T {
    POLLER.with(|poller| {
        let _outer = Restore(poller, poller.replace(Poller::Loop));
        poll()
    })
}

struct Restore<'a>(&'a Cell<Poller>, Poller);

impl Drop for Restore<'_> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

/// Restores the locals that were current before.
pub(crate) struct Entered {
    outer: Option<Polled>,
    outer_poller: Poller,
}

impl Drop for Entered {
    fn drop(&mut self) {
        POLLER.set(self.outer_poller);
        // It fails on a thread that is ending, which polls nothing any more.
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
    scope_polled(Polled::Locals(locals), future).await
}

/// As [`scope`], also for locals on demand.
pub(crate) async fn scope_polled<F: Future>(polled: Polled, future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| {
        let _entered = enter_polled(polled.clone());
        future.as_mut().poll(cx)
    })
    .await
}
