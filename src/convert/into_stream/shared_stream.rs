//! What a [`PyStream`](crate::convert::into_stream::PyStream), its driver and its loop's thread share.
//!
//! Guarantees:
//! - At most [`BUFFER`](crate::convert::into_stream::buffer::BUFFER) items wait. The driver pauses while there are so many, and the consumer
//!   takes all at once.
//! - The task is cancelled once, and not when it is closing the generator.
//! - No lock is held while Python code runs, a Python object is dropped, or a waker is called.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use pyo3::intern;
use pyo3::prelude::*;

use crate::bridge::{Deliver, Hub, Registration, closed_error, hub_of, left_behind_error};
use crate::convert::into_stream::buffer::{Buffer, StreamEnd};
use crate::python::asyncio;
use crate::task_locals::TaskLocals;

/// Where the generator's errors go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errors {
    /// To the consumer, as the last item.
    Deliver,
    /// To the loop's exception handler.
    Report,
}

/// The buffer, and what the two ends have to know of each other.
pub(crate) struct SharedStream {
    pub(crate) buffer: Buffer,
    stage: Mutex<DriverStage>,
    /// Nobody takes more items: the stream was dropped, or the bridge shut down. Only the loop's thread acts on that.
    pub(crate) unwanted: AtomicBool,
    /// Given up when the driver is done.
    registration: Registration,
    errors: Errors,
}

/// Where the generator and its task are.
pub(crate) enum DriverStage {
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

impl SharedStream {
    /// Sends the generator to its loop.
    ///
    /// # Errors
    ///
    /// `RuntimeError: Event loop is closed`.
    pub(crate) fn start(
        generator: Bound<'_, PyAny>,
        locals: TaskLocals,
        errors: Errors,
    ) -> PyResult<Arc<Self>> {
        let hub = hub_of(&locals.event_loop(generator.py()))?;
        let shared = Arc::new(Self {
            buffer: Buffer::default(),
            stage: Mutex::new(DriverStage::New(generator.unbind(), locals)),
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

    pub(crate) fn lock(&self) -> MutexGuard<'_, DriverStage> {
        // Only moves happen under this lock.
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        self.registration.hub()
    }

    pub(crate) fn errors(&self) -> Errors {
        self.errors
    }

    pub(crate) fn is_unwanted(&self) -> bool {
        self.unwanted.load(Ordering::Acquire)
    }

    /// Swaps the waiting items for the empty `taken`; `None` is the end.
    pub(crate) fn poll_take(
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
                self.buffer.end(StreamEnd::Exhausted);
                return Poll::Ready(Some(Err(left_behind_error())));
            }
            _ => {}
        }
        polled
    }

    /// The stream was dropped: the loop's thread shall drop the items and stop the driver.
    pub(crate) fn drop_stream(self: &Arc<Self>, taken: VecDeque<Py<PyAny>>) {
        self.unwanted.store(true, Ordering::Release);
        // Nothing is added any more by a driver that is done.
        let is_ended = matches!(*self.lock(), DriverStage::Ended);
        let leaves = self.buffer.drop_stream(taken);
        if leaves || !is_ended {
            self.hub().push(Arc::<Self>::clone(self));
        }
    }

    /// How many items may be added.
    pub(crate) fn free_capacity(&self) -> usize {
        self.buffer.free_capacity()
    }

    /// Adds items and wakes the consumer, from the loop's thread.
    pub(crate) fn add(&self, items: &mut Vec<Py<PyAny>>) {
        if items.is_empty() || self.is_unwanted() {
            items.clear();
            return;
        }
        self.buffer.add(items);
    }

    /// Has the future set when there is room; false when there is room already.
    pub(crate) fn pause(&self, future: &Bound<'_, PyAny>) -> bool {
        match &mut *self.lock() {
            DriverStage::Running(_, room) => *room = Some(future.clone().unbind()),
            _ => return false,
        }
        // The consumer makes room first, and then looks for a driver that is paused: one of the two sees the other.
        if self.free_capacity() == 0 {
            return true;
        }
        let room = self.take_pause();
        drop(room);
        false
    }

    fn is_paused(&self) -> bool {
        matches!(*self.lock(), DriverStage::Running(_, Some(_)))
    }

    fn take_pause(&self) -> Option<Py<PyAny>> {
        match &mut *self.lock() {
            DriverStage::Running(_, room) => room.take(),
            _ => None,
        }
    }

    /// The cancellation of the task has done what it was for: what the generator's `aclose()` does is not cancelled.
    pub(crate) fn uncancel(&self, py: Python<'_>) -> PyResult<()> {
        let task = match &*self.lock() {
            DriverStage::Cancelled(task) => task.clone_ref(py),
            _ => return Ok(()),
        };
        // Python 3.11 and later.
        if let Some(uncancel) = task.bind(py).getattr_opt(intern!(py, "uncancel"))? {
            uncancel.call0()?;
        }
        Ok(())
    }

    /// From now on the task is not interrupted.
    pub(crate) fn begin_closing(&self) {
        let mut current = self.lock();
        let (stage, room) = match std::mem::replace(&mut *current, DriverStage::Closing(None)) {
            DriverStage::Running(task, room) => (DriverStage::Closing(Some(task)), room),
            DriverStage::Cancelled(task) => (DriverStage::Closing(Some(task)), None),
            DriverStage::Ended => (DriverStage::Ended, None),
            _ => (DriverStage::Closing(None), None),
        };
        *current = stage;
        drop(current);
        drop(room);
    }

    /// The generator has raised: its last item, which the loop is told of when nobody takes it.
    pub(crate) fn fail(&self, error: PyErr) {
        self.buffer.end(StreamEnd::Raised(error));
    }

    /// The last item, unless there has been one.
    pub(crate) fn stop(&self, error: PyErr) {
        self.buffer.end(StreamEnd::Stopped(error));
    }

    /// The driver is done.
    pub(crate) fn finish(&self) {
        self.buffer.end(StreamEnd::Exhausted);
        let stage = std::mem::replace(&mut *self.lock(), DriverStage::Ended);
        self.registration.give_up();
        drop(stage);
    }

    /// The driver was dropped before it was done.
    pub(crate) fn abandon(&self) {
        self.stop(closed_error());
        self.finish();
    }
}

impl fmt::Debug for SharedStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedStream").finish_non_exhaustive()
    }
}

/// Reports an error that no consumer gets to the exception handler of the loop that runs on this thread.
pub(crate) fn report(py: Python<'_>, error: PyErr) -> PyResult<()> {
    let event_loop = asyncio::get_running_loop(py)?;
    let message = "Exception in an asynchronous generator that Rust reads";
    asyncio::call_exception_handler(&event_loop, message, error, &[])
}
