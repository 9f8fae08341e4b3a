//! What a [`PyStream`](super::PyStream), its driver and its loop's thread share.
//!
//! Guarantees:
//! - At most [`BUFFER`](super::buffer::BUFFER) items wait. The driver pauses while there are so many, and the consumer
//!   takes all at once.
//! - The task is cancelled once, and not when it is closing the generator.
//! - No lock is held while Python code runs, a Python object is dropped, or a waker is called.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use pyo3::intern;
use pyo3::prelude::*;

use super::buffer::{Buffer, End};
use super::driver::Driver;
use crate::asyncio;
use crate::bridge::{
    Deliver, Hub, Registration, closed_error, hub_of, leaves_the_loop, left_behind_error,
    shutdown_error,
};
use crate::caught::catch_call;
use crate::locals::TaskLocals;
use crate::pending_error;
use crate::pyfuture::{ensure_future, silence};

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
    buffer: Buffer,
    stage: Mutex<Stage>,
    /// Nobody takes more items: the stream was dropped, or the bridge shut down. Only the loop's thread acts on that.
    unwanted: AtomicBool,
    /// Given up when the driver is done.
    registration: Registration,
    errors: Errors,
}

/// Where the generator and its task are.
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
            buffer: Buffer::default(),
            stage: Mutex::new(Stage::New(generator.unbind(), locals)),
            unwanted: AtomicBool::new(false),
            registration: Registration::new(hub),
            errors,
        });
        let item: Weak<dyn Deliver> = Arc::<Self>::downgrade(&shared);
        if !shared.registration.enter(item) {
            return Err(closed_error());
        }
        shared.hub().push(Arc::<Self>::clone(&shared));
        Ok(shared)
    }

    fn lock(&self) -> MutexGuard<'_, Stage> {
        // Only moves happen under this lock.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hub(&self) -> &Arc<Hub> {
        self.registration.hub()
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
        let polled = self.buffer.poll_take(cx, taken);
        match polled {
            Poll::Ready(Some(Ok(()))) if self.is_paused() => {
                self.hub().push(Arc::<Self>::clone(self));
            }
            Poll::Pending if self.hub().is_inherited() => {
                self.buffer.end(End::Exhausted);
                return Poll::Ready(Some(Err(left_behind_error())));
            }
            _ => {}
        }
        polled
    }

    /// The stream was dropped: the loop's thread shall drop the items and stop the driver.
    pub(super) fn drop_stream(self: &Arc<Self>, taken: VecDeque<Py<PyAny>>) {
        self.unwanted.store(true, Ordering::Release);
        // Nothing is added any more by a driver that is done.
        let is_ended = matches!(*self.lock(), Stage::Ended);
        let leaves = self.buffer.drop_stream(taken);
        if leaves || !is_ended {
            self.hub().push(Arc::<Self>::clone(self));
        }
    }

    /// How many items may be added.
    pub(super) fn room(&self) -> usize {
        self.buffer.room()
    }

    /// Adds items and wakes the consumer, from the loop's thread.
    pub(super) fn add(&self, items: &mut Vec<Py<PyAny>>) {
        if items.is_empty() || self.is_unwanted() {
            items.clear();
            return;
        }
        self.buffer.add(items);
    }

    /// Has the future set when there is room; false when there is room already.
    pub(super) fn pause(&self, future: &Bound<'_, PyAny>) -> bool {
        match &mut *self.lock() {
            Stage::Running(_, room) => *room = Some(future.clone().unbind()),
            _ => return false,
        }
        // The consumer makes room first, and then looks for a driver that is paused: one of the two sees the other.
        if self.room() == 0 {
            return true;
        }
        let room = self.take_room();
        drop(room);
        false
    }

    fn is_paused(&self) -> bool {
        matches!(*self.lock(), Stage::Running(_, Some(_)))
    }

    fn take_room(&self) -> Option<Py<PyAny>> {
        match &mut *self.lock() {
            Stage::Running(_, room) => room.take(),
            _ => None,
        }
    }

    /// The cancellation of the task has done what it was for: what the generator's `aclose()` does is not cancelled.
    pub(super) fn uncancel(&self, py: Python<'_>) -> PyResult<()> {
        let task = match &*self.lock() {
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
        let mut current = self.lock();
        let (stage, room) = match std::mem::replace(&mut *current, Stage::Closing(None)) {
            Stage::Running(task, room) => (Stage::Closing(Some(task)), room),
            Stage::Cancelled(task) => (Stage::Closing(Some(task)), None),
            Stage::Ended => (Stage::Ended, None),
            _ => (Stage::Closing(None), None),
        };
        *current = stage;
        drop(current);
        drop(room);
    }

    /// The generator has raised: its last item, which the loop is told of when nobody takes it.
    pub(super) fn fail(&self, error: PyErr) {
        self.buffer.end(End::Raised(error));
    }

    /// The last item, unless there has been one.
    pub(super) fn stop(&self, error: PyErr) {
        self.buffer.end(End::Stopped(error));
    }

    /// The driver is done.
    pub(super) fn finish(&self) {
        self.buffer.end(End::Exhausted);
        let stage = std::mem::replace(&mut *self.lock(), Stage::Ended);
        self.registration.give_up();
        drop(stage);
    }

    /// The driver was dropped before it was done.
    pub(super) fn abandon(&self) {
        self.stop(closed_error());
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
        let mut stage = self.lock();
        let task = task.unbind();
        // A task factory may have let it take its first step already.
        let unused = match &*stage {
            Stage::Starting => {
                *stage = Stage::Running(task, None);
                None
            }
            Stage::Closing(None) => {
                *stage = Stage::Closing(Some(task));
                None
            }
            _ => Some(task),
        };
        drop(stage);
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
        let mut stage = self.lock();
        match &mut *stage {
            Stage::New(..) => match std::mem::replace(&mut *stage, Stage::Starting) {
                Stage::New(generator, locals) => Step::Start(generator, locals),
                _ => Step::Nothing,
            },
            Stage::Running(task, room) => match room.take() {
                Some(room) => Step::Resume(room),
                None if is_unwanted => {
                    let task = task.clone_ref(py);
                    let cancelled = Stage::Cancelled(task.clone_ref(py));
                    let running = std::mem::replace(&mut *stage, cancelled);
                    drop(stage);
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
}

impl Shared {
    /// Drops what nobody will take, and tells the loop of an error among it.
    fn drop_leftovers(&self, py: Python<'_>) -> PyResult<()> {
        match self.buffer.take_leftovers() {
            Some((_, Some(End::Raised(error)))) => report(py, error),
            _ => Ok(()),
        }
    }
}

/// Tells the loop what nobody else can be told.
pub(super) fn report(py: Python<'_>, error: PyErr) -> PyResult<()> {
    let event_loop = asyncio::get_running_loop(py)?;
    let message = "Exception in an asynchronous generator that Rust reads";
    asyncio::call_exception_handler(&event_loop, message, error, &[])
}

impl Deliver for Shared {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        self.drop_leftovers(py)?;
        match self.next_step(py) {
            Step::Start(generator, locals) => {
                let started = catch_call(|| self.start_task(py, generator, &locals));
                if let Err(error) = started.unwrap_or_else(|caught| Err(caught.into())) {
                    let leaves = leaves_the_loop(&error, py).then(|| error.clone_ref(py));
                    match leaves {
                        Some(_) => self.stop(error),
                        None => self.fail(error),
                    }
                    self.finish();
                    return leaves.map_or(Ok(()), Err);
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
        let stage = std::mem::replace(&mut *self.lock(), Stage::Ended);
        self.abandon();
        if let Stage::Running(task, _) | Stage::Cancelled(task) | Stage::Closing(Some(task)) = stage
        {
            Python::try_attach(|py| pending_error::keep(py, || silence(task.bind(py))));
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
        self.stop(shutdown_error());
        self.hub().push(Arc::<Self>::clone(&self));
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
