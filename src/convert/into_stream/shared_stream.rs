//! The state that a [`PyStream`](crate::convert::into_stream::PyStream), its driver and its loop share.
//!
//! The stream is polled and dropped on any thread, the consumer's. The driver is a coroutine in a task of the loop.
//!
//! | stage | to | by |
//! | --- | --- | --- |
//! | new | starting | the loop's thread, which then makes the driver's task |
//! | starting | running | the loop's thread, when there is a task |
//! | starting, running, cancelled | closing | the driver, before it awaits `aclose()`; nobody interrupts it from then on |
//! | running | cancelled | the loop's thread, once, when nobody takes more items; the driver closes the generator then |
//! | any | ended | the driver when it is done or dropped; whoever closes the loop |
//!
//! A running driver may be paused: the buffer is full, and the task waits for a future of asyncio. The loop's thread sets
//! that when the consumer has taken the items, all at once.
//!
//! Nobody takes more items (`unwanted`) once the stream was dropped, which the consumer's thread says, or the bridge was
//! shut down. No lock is held while Python code runs, a Python object is dropped, or a waker is cloned, called or dropped.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

use crate::bridge::{Deliver, Hub, Registration, closed_error, hub_of, left_behind_error};
use crate::convert::into_stream::buffer::{Buffer, StreamEnd};
use crate::python::asyncio;
use crate::python::trio;
use crate::task_locals::TaskLocals;

/// The receiver of the generator's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errors {
    /// The consumer, as the last item.
    Deliver,
    /// The loop's exception handler.
    Report,
}

/// The shared state, and the loop's hub.
pub(crate) struct SharedStream {
    pub(crate) buffer: Buffer,
    stage: Mutex<DriverStage>,
    /// Nobody takes more items. Only the loop's thread acts on that.
    pub(crate) unwanted: AtomicBool,
    /// The entry among what the hub ends when its loop is closed, with the generator and then the driver's task. It is given
    /// up when the driver is done.
    pub(crate) registration: Registration,
    pub(crate) errors: Errors,
}

/// The stage of the generator and of its driver's task.
pub(crate) enum DriverStage {
    /// On its way to the loop. The hub has the generator.
    New(TaskLocals),
    /// The loop's thread is making the driver's task, whose first step may be within that.
    Starting,
    /// The hub has the task from here on. While the driver is paused, the future that the task waits for, and owns.
    Running(Option<Py<PyWeakrefReference>>),
    /// The task has been cancelled.
    Cancelled,
    Closing,
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
        let py = generator.py();
        let event_loop = locals.event_loop(py);
        trio::refuse_token(
            &event_loop,
            "into_stream is for asyncio: under trio await what the generator's `__anext__()` returns, by into_future",
        )?;
        let hub = hub_of(&event_loop)?;
        let locals = locals.without_loop(py, hub.weak_event_loop(py));
        let shared = Arc::new(Self {
            buffer: Buffer::default(),
            stage: Mutex::new(DriverStage::New(locals)),
            unwanted: AtomicBool::new(false),
            registration: Registration::new(hub),
            errors,
        });
        let item: Weak<dyn Deliver> = Arc::<Self>::downgrade(&shared);
        if !shared.registration.enter(item, generator) {
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

    pub(crate) fn is_unwanted(&self) -> bool {
        self.unwanted.load(Ordering::Acquire)
    }

    /// Swaps the waiting items for the empty `taken`. `None` is the end.
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

    /// Has the loop's thread drop the items and stop the driver, when the stream is dropped.
    pub(crate) fn drop_stream(self: &Arc<Self>, taken: VecDeque<Py<PyAny>>) {
        self.unwanted.store(true, Ordering::Release);
        // The stage is read first: a driver that has ended adds nothing to the buffer afterwards.
        let is_ended = matches!(*self.lock(), DriverStage::Ended);
        let leaves = self.buffer.drop_stream(taken);
        if leaves || !is_ended {
            self.hub().push(Arc::<Self>::clone(self));
        }
    }

    /// Adds items and wakes the consumer, from the loop's thread.
    pub(crate) fn add(&self, items: &mut Vec<Py<PyAny>>, bytes: usize) {
        if items.is_empty() || self.is_unwanted() {
            items.clear();
            return;
        }
        self.buffer.add(items, bytes);
    }

    /// Pauses the driver: the future is set when the buffer has capacity. False when it has some already, and for a future of
    /// a loop's own that has no weak references.
    pub(crate) fn pause(&self, future: &Bound<'_, PyAny>) -> bool {
        let Ok(future) = PyWeakrefReference::new(future) else {
            return false;
        };
        let before = match &mut *self.lock() {
            DriverStage::Running(pause) => pause.replace(future.unbind()),
            _ => return false,
        };
        drop(before);
        // The driver stores the future and then looks at the capacity; the consumer takes the items, or sets the capacity, and
        // then looks for a paused driver. So one of the two sees what the other has done.
        if self.buffer.is_full() {
            return true;
        }
        let pause = self.take_pause();
        drop(pause);
        false
    }

    /// Sets for good how many items may wait, and resumes a driver that may add more now.
    pub(crate) fn set_read_ahead(self: &Arc<Self>, items: usize) {
        self.buffer.set_capacity(items);
        if self.is_paused() && !self.buffer.is_full() {
            self.hub().push(Arc::<Self>::clone(self));
        }
    }

    fn is_paused(&self) -> bool {
        matches!(*self.lock(), DriverStage::Running(Some(_)))
    }

    fn take_pause(&self) -> Option<Py<PyWeakrefReference>> {
        match &mut *self.lock() {
            DriverStage::Running(pause) => pause.take(),
            _ => None,
        }
    }

    /// Takes the cancellation of the task back (`Task.uncancel`), which has stopped the generator: code in its `aclose()` that
    /// asks `Task.cancelling()`, as `asyncio.timeout` does, is not cancelled.
    pub(crate) fn uncancel(&self, py: Python<'_>) -> PyResult<()> {
        if !matches!(*self.lock(), DriverStage::Cancelled) {
            return Ok(());
        }
        let Some(task) = self.registration.object(py) else {
            return Ok(());
        };
        // Python 3.11 and later.
        if let Some(uncancel) = task.bind(py).getattr_opt(intern!(py, "uncancel"))? {
            uncancel.call0()?;
        }
        Ok(())
    }

    /// Keeps the task from being cancelled.
    pub(crate) fn begin_closing(&self) {
        let mut current = self.lock();
        if matches!(*current, DriverStage::Ended) {
            return;
        }
        let before = std::mem::replace(&mut *current, DriverStage::Closing);
        drop(current);
        drop(before);
    }

    /// Makes an error of the generator the last item. It is reported to the loop if the stream is dropped before.
    pub(crate) fn fail(&self, error: PyErr) {
        self.buffer.end(StreamEnd::Raised(error));
    }

    /// Makes a cancellation, or the end of the loop or of the bridge, the last item, unless the items have ended.
    pub(crate) fn stop(&self, error: PyErr) {
        self.buffer.end(StreamEnd::Stopped(error));
    }

    /// Ends the items and the stage, when the driver is done.
    pub(crate) fn finish(&self) {
        self.buffer.end(StreamEnd::Exhausted);
        let stage = std::mem::replace(&mut *self.lock(), DriverStage::Ended);
        self.registration.give_up();
        drop(stage);
    }

    /// Ends both with an error, where the driver was dropped before it was done.
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
