//! What a [`PyStream`](super::PyStream) and its driver share.
//!
//! Guarantees:
//! - At most [`BUFFER`] items wait here. The driver pauses while it is full, and the consumer takes all at once.
//! - What ends the generator comes after every item, once: its end, its error, or that its loop is closed.
//! - No lock is held while Python code runs, a Python object is dropped, or a waker is called.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use pyo3::intern;
use pyo3::prelude::*;

use super::driver::Driver;
use crate::bridge::{
    Deliver, Hub, Registration, closed_error, hub_of, left_behind_error, shutdown_error,
};
use crate::locals::TaskLocals;
use crate::pyfuture::{ensure_future, silence};

/// How many items wait for the consumer; as many again may be with it.
pub(super) const BUFFER: usize = 128;

/// Where the generator's errors go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Errors {
    /// To the consumer, as the last item.
    Deliver,
    /// To the loop's exception handler.
    Report,
}

/// The buffer, and what the two ends have to know of each other.
pub(super) struct Shared {
    inner: Mutex<Inner>,
    /// Nobody takes more items: the stream was dropped, or the bridge shut down. Only the loop's thread acts on that.
    unwanted: AtomicBool,
    errors: Errors,
    hub: Arc<Hub>,
}

struct Inner {
    items: VecDeque<Py<PyAny>>,
    stage: Stage,
    end: Option<End>,
    waker: Option<Waker>,
    /// The stream was dropped, and what waits for it is of no use.
    dropped: bool,
    registration: Option<Registration>,
}

enum Stage {
    /// On its way to the loop.
    New(Py<PyAny>, TaskLocals),
    /// The loop's thread is making a task of it, or that has had its first step.
    Starting,
    /// Its task, and the future that it waits for while the buffer is full.
    Running(Py<PyAny>, Option<Py<PyAny>>),
    /// The task has been cancelled, since nobody takes more items.
    Cancelled(Py<PyAny>),
    /// The task is closing the generator; nobody interrupts that.
    Closing(Option<Py<PyAny>>),
    Ended,
}

/// How the items end.
enum End {
    Exhausted,
    Failed(PyErr),
}

impl Shared {
    /// Sends the generator to its loop.
    ///
    /// # Errors
    ///
    /// `RuntimeError: Event loop is closed`.
    pub(super) fn start(
        generator: Bound<'_, PyAny>,
        locals: TaskLocals,
        errors: Errors,
    ) -> PyResult<Arc<Self>> {
        let hub = hub_of(&locals.event_loop(generator.py()))?;
        let shared = Arc::new(Self {
            inner: Mutex::new(Inner {
                items: VecDeque::new(),
                stage: Stage::New(generator.unbind(), locals),
                end: None,
                waker: None,
                dropped: false,
                registration: None,
            }),
            unwanted: AtomicBool::new(false),
            errors,
            hub,
        });
        let item: Weak<dyn Deliver> = Arc::<Self>::downgrade(&shared);
        let registration = shared.hub.register(item).ok_or_else(closed_error)?;
        shared.lock().registration = Some(registration);
        shared.hub.push(Arc::<Self>::clone(&shared));
        Ok(shared)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Only moves happen under this lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn errors(&self) -> Errors {
        self.errors
    }

    pub(super) fn is_unwanted(&self) -> bool {
        self.unwanted.load(Ordering::Acquire)
    }

    /// Swaps the waiting items for the empty `taken`; `None` is the end.
    pub(super) fn poll_take(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        taken: &mut VecDeque<Py<PyAny>>,
    ) -> Poll<Option<PyResult<()>>> {
        // Cloning one, and dropping one, may run a runtime's code, which the lock must not be held for.
        let waker = cx.waker().clone();
        let mut inner = self.lock();
        if !inner.items.is_empty() {
            std::mem::swap(&mut inner.items, taken);
            let is_paused = matches!(inner.stage, Stage::Running(_, Some(_)));
            drop(inner);
            if is_paused {
                self.hub.push(Arc::<Self>::clone(self));
            }
            return Poll::Ready(Some(Ok(())));
        }
        match inner.end.take() {
            None if self.hub.is_inherited() => {
                inner.end = Some(End::Exhausted);
                Poll::Ready(Some(Err(left_behind_error())))
            }
            None => {
                let before = inner.waker.replace(waker);
                drop(inner);
                drop(before);
                Poll::Pending
            }
            Some(end) => {
                inner.end = Some(End::Exhausted);
                match end {
                    End::Exhausted => Poll::Ready(None),
                    End::Failed(error) => Poll::Ready(Some(Err(error))),
                }
            }
        }
    }

    /// The stream was dropped: the loop's thread shall drop the items and stop the driver.
    pub(super) fn drop_stream(self: &Arc<Self>, taken: VecDeque<Py<PyAny>>) {
        self.unwanted.store(true, Ordering::Release);
        let mut inner = self.lock();
        inner.dropped = true;
        let waker = inner.waker.take();
        inner.items.extend(taken);
        let is_over = matches!(inner.stage, Stage::Ended)
            && inner.items.is_empty()
            && !matches!(inner.end, Some(End::Failed(_)));
        drop(inner);
        drop(waker);
        if !is_over {
            self.hub.push(Arc::<Self>::clone(self));
        }
    }

    /// How many items may be added.
    pub(super) fn room(&self) -> usize {
        BUFFER.saturating_sub(self.lock().items.len())
    }

    /// Adds items and wakes the consumer, from the loop's thread.
    pub(super) fn add(&self, items: &mut Vec<Py<PyAny>>) {
        if items.is_empty() || self.is_unwanted() {
            items.clear();
            return;
        }
        let mut inner = self.lock();
        inner.items.extend(items.drain(..));
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Has the future set when there is room; false when there is room already.
    pub(super) fn pause(&self, future: &Bound<'_, PyAny>) -> bool {
        let mut inner = self.lock();
        if inner.items.len() < BUFFER {
            return false;
        }
        match &mut inner.stage {
            Stage::Running(_, room) => {
                *room = Some(future.clone().unbind());
                true
            }
            _ => false,
        }
    }

    /// The cancellation of the task has done what it was for: what the generator's `aclose()` does is not cancelled.
    pub(super) fn uncancel(&self, py: Python<'_>) -> PyResult<()> {
        let task = match &self.lock().stage {
            Stage::Cancelled(task) => task.clone_ref(py),
            _ => return Ok(()),
        };
        // Python 3.11 and later.
        if let Some(uncancel) = task.bind(py).getattr_opt(intern!(py, "uncancel"))? {
            uncancel.call0()?;
        }
        Ok(())
    }

    /// From now on the task is not interrupted.
    pub(super) fn closing(&self) {
        let mut inner = self.lock();
        let (stage, room) = match std::mem::replace(&mut inner.stage, Stage::Closing(None)) {
            Stage::Running(task, room) => (Stage::Closing(Some(task)), room),
            Stage::Cancelled(task) => (Stage::Closing(Some(task)), None),
            Stage::Ended => (Stage::Ended, None),
            _ => (Stage::Closing(None), None),
        };
        inner.stage = stage;
        drop(inner);
        drop(room);
    }

    /// The last item, unless there has been one.
    pub(super) fn fail(&self, error: PyErr) {
        self.set_end(End::Failed(error));
    }

    fn set_end(&self, end: End) {
        let mut inner = self.lock();
        if inner.end.is_some() {
            drop(inner);
            drop(end);
            return;
        }
        inner.end = Some(end);
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The driver is done.
    pub(super) fn finish(&self) {
        self.set_end(End::Exhausted);
        let mut inner = self.lock();
        let stage = std::mem::replace(&mut inner.stage, Stage::Ended);
        let registration = inner.registration.take();
        drop(inner);
        drop((stage, registration));
    }

    /// The driver was dropped before it was done.
    pub(super) fn abandon(&self) {
        self.fail(closed_error());
        self.finish();
    }

    fn start_task(
        self: &Arc<Self>,
        py: Python<'_>,
        generator: Py<PyAny>,
        locals: &TaskLocals,
    ) -> PyResult<()> {
        let driver = Driver::create(py, generator, Arc::clone(self))?;
        let task = ensure_future(&driver, locals)?;
        let mut inner = self.lock();
        let task = task.unbind();
        // A task factory may have let it take its first step already.
        let unused = match &inner.stage {
            Stage::Starting => {
                inner.stage = Stage::Running(task, None);
                None
            }
            Stage::Closing(None) => {
                inner.stage = Stage::Closing(Some(task));
                None
            }
            _ => Some(task),
        };
        drop(inner);
        drop(unused);
        Ok(())
    }
}

/// What the loop's thread has to do next.
enum Step {
    Start(Py<PyAny>, TaskLocals),
    /// The future that the driver waits for.
    Resume(Py<PyAny>),
    Cancel(Py<PyAny>),
    Nothing,
}

impl Shared {
    fn next_step(&self, py: Python<'_>) -> Step {
        let is_unwanted = self.is_unwanted();
        let mut inner = self.lock();
        match &mut inner.stage {
            Stage::New(..) => match std::mem::replace(&mut inner.stage, Stage::Starting) {
                Stage::New(generator, locals) => Step::Start(generator, locals),
                _ => Step::Nothing,
            },
            Stage::Running(task, room) => match room.take() {
                Some(room) => Step::Resume(room),
                None if is_unwanted => {
                    let task = task.clone_ref(py);
                    let cancelled = Stage::Cancelled(task.clone_ref(py));
                    let running = std::mem::replace(&mut inner.stage, cancelled);
                    drop(inner);
                    drop(running);
                    Step::Cancel(task)
                }
                None => Step::Nothing,
            },
            Stage::Starting | Stage::Cancelled(_) | Stage::Closing(_) | Stage::Ended => {
                Step::Nothing
            }
        }
    }

    /// Drops, on the loop's thread, what nobody will take.
    fn drop_leftovers(&self) {
        let mut inner = self.lock();
        if inner.dropped {
            let items = std::mem::take(&mut inner.items);
            let end = inner
                .end
                .as_mut()
                .map(|end| std::mem::replace(end, End::Exhausted));
            drop(inner);
            drop((items, end));
        }
    }
}

impl Deliver for Shared {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        self.drop_leftovers();
        match self.next_step(py) {
            Step::Start(generator, locals) => {
                if let Err(error) = self.start_task(py, generator, &locals) {
                    self.fail(error);
                    self.finish();
                }
            }
            Step::Resume(room) => {
                let room = room.bind(py);
                if !room.call_method0(intern!(py, "done"))?.is_truthy()? {
                    room.call_method1(intern!(py, "set_result"), (py.None(),))?;
                }
            }
            Step::Cancel(task) => {
                task.bind(py).call_method0(intern!(py, "cancel"))?;
            }
            Step::Nothing => {}
        }
        Ok(())
    }

    fn discard(self: Arc<Self>) -> bool {
        let mut inner = self.lock();
        let stage = std::mem::replace(&mut inner.stage, Stage::Ended);
        drop(inner);
        self.abandon();
        if let Stage::Running(task, _) | Stage::Cancelled(task) | Stage::Closing(Some(task)) = stage
        {
            Python::try_attach(|py| silence(task.bind(py)));
        }
        true
    }

    fn leave_behind(self: Arc<Self>, _py: Python<'_>) -> PyResult<()> {
        Ok(())
    }

    fn abort(self: Arc<Self>) {
        if self.unwanted.swap(true, Ordering::AcqRel) {
            return;
        }
        self.fail(shutdown_error());
        self.hub.push(Arc::<Self>::clone(&self));
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
