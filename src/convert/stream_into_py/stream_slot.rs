//! The slot that a generator's Rust stream is taken out of to be polled.
//!
//! Python's methods run on any thread that is attached, mostly the event loop's. A [`RuntimePoll`] is polled and dropped on
//! threads of the runtime, and delivered on the loop's.
//!
//! | the stream is | to | by |
//! | --- | --- | --- |
//! | idle | polling | the awaitable of an item, in its first step; it polls on its thread, and passes a pending stream to a [`RuntimePoll`] |
//! | polling | idle | the awaitable that has got its item; a [`RuntimePoll`] that is delivered, or dropped when its awaitable is cancelled |
//! | idle | polling | an awaitable whose [`RuntimePoll`] has been delivered; a [`RuntimePoll`] that waited for one that was cancelled |
//! | polling | closed | the awaitable at the end of the stream, at an error and at a panic; a [`RuntimePoll`] at a panic |
//! | idle, polling | closed | `aclose()`, `athrow()` and the generator's drop; a stream that is being polled is dropped when that is over |
//!
//! Beside that, at most one awaitable is running (`ag_running`): it has begun, and neither got its item nor been cancelled.
//!
//! Guarantees:
//! - A cancelled poll leaves its item in the stream, for the next awaitable. Its panic is raised by the next one.
//! - The stream is dropped inside its runtime's context, detached from Python. The panic of a drop is printed only.
//! - No Python code runs, and neither the stream nor a waker is dropped, while the state is locked.
//!
//! [`RuntimePoll`]: super::runtime_poll::RuntimePoll

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::prelude::*;

use crate::bridge::{RuntimeVtable, calls, generation};
use crate::convert::stream_into_py::source::Source;
use crate::instrument::Instrumentation;
use crate::panic::{CaughtPanic, catch_call};

/// The stream, or the information who has it.
pub(crate) struct StreamSlot {
    state: Mutex<State>,
    vtable: &'static RuntimeVtable,
    /// The instrumentation of the code that made the generator, for all of the stream's code.
    instrumentation: Instrumentation,
}

struct State {
    location: StreamLocation,
    /// An awaitable is running.
    running: bool,
    /// The first awaitable has been stepped.
    started: bool,
    /// The panic of a poll on the runtime, until an awaitable raises it.
    panic: Option<CaughtPanic>,
    /// The process whose runtime has polled the stream last, counted in forks ([`generation`]).
    polled_generation: u32,
    /// The number of polls that were passed to the runtime so far.
    poll_count: usize,
    /// The wakers of polls that wait for a cancelled poll to return the stream, by number. Some of these may be cancelled
    /// too, so that all are woken.
    waiting: BTreeMap<usize, Waker>,
}

enum StreamLocation {
    Idle(Box<dyn Source>),
    /// It is being polled, on Python's thread or on the runtime.
    Polling,
    /// It is dropped, or will be when the poll under way is over.
    Closed,
}

/// The content of the slot, taken out.
pub(crate) enum SlotContent {
    Stream(Box<dyn Source>),
    /// A cancelled poll still has the stream.
    Polling,
    Closed,
}

/// Another awaitable is running.
pub(crate) struct AlreadyRunning;

impl StreamSlot {
    pub(crate) fn new(
        source: Box<dyn Source>,
        vtable: &'static RuntimeVtable,
        instrumentation: Instrumentation,
    ) -> Self {
        Self {
            state: Mutex::new(State {
                location: StreamLocation::Idle(source),
                running: false,
                started: false,
                panic: None,
                polled_generation: generation(),
                poll_count: 0,
                waiting: BTreeMap::new(),
            }),
            vtable,
            instrumentation,
        }
    }

    /// Returns a number for a poll on this process's runtime.
    pub(crate) fn next_poll_number(&self) -> usize {
        let mut state = self.lock();
        state.polled_generation = generation();
        state.poll_count += 1;
        state.poll_count
    }

    pub(crate) fn vtable(&self) -> &'static RuntimeVtable {
        self.vtable
    }

    #[inline]
    fn lock(&self) -> MutexGuard<'_, State> {
        // Only moves happen under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.lock().running
    }

    pub(crate) fn is_started(&self) -> bool {
        self.lock().started
    }

    /// Whether a runtime of the parent process has the stream, from which it does not come back.
    pub(crate) fn is_left_behind(&self) -> bool {
        let state = self.lock();
        matches!(state.location, StreamLocation::Polling) && state.polled_generation != generation()
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.lock().location, StreamLocation::Closed)
    }

    /// Takes the stream out for an awaitable, which is running from now on.
    #[inline]
    pub(crate) fn begin(&self) -> Result<SlotContent, AlreadyRunning> {
        let mut state = self.lock();
        if state.running {
            return Err(AlreadyRunning);
        }
        state.started = true;
        state.running = !matches!(state.location, StreamLocation::Closed);
        Ok(state.take())
    }

    /// Takes out the stream that the runtime has returned. `None` when the generator was closed.
    pub(crate) fn take(&self) -> Option<Box<dyn Source>> {
        match self.lock().take() {
            SlotContent::Stream(source) => Some(source),
            SlotContent::Polling | SlotContent::Closed => None,
        }
    }

    /// Lets another awaitable run.
    pub(crate) fn end_running(&self) {
        self.lock().running = false;
    }

    /// Begins a step of the running awaitable. Its end lets another one run, whether the step returned, raised or panicked,
    /// unless [`RunningStep::keep_running`] is called.
    pub(crate) fn running_step(&self) -> RunningStep<'_> {
        RunningStep(self)
    }

    /// Puts the stream back after it has given an item, and lets another awaitable run.
    #[inline]
    pub(crate) fn finish_item(&self, source: Box<dyn Source>) {
        let mut state = self.lock();
        state.running = false;
        state.location = StreamLocation::Idle(source);
    }

    /// Closes the generator, and drops the stream: that in the slot, or the one that the caller has taken.
    pub(crate) fn close(&self, py: Python<'_>, taken: Option<Box<dyn Source>>) {
        let mut state = self.lock();
        state.running = false;
        let before = std::mem::replace(&mut state.location, StreamLocation::Closed);
        let panic = state.panic.take();
        drop(state);
        drop(panic);
        if let StreamLocation::Idle(source) = before {
            calls::detach(py, || self.drop_inside(source));
        }
        if let Some(source) = taken {
            calls::detach(py, || self.drop_inside(source));
        }
    }

    /// Polls the stream once on this thread, detached from Python. A panic is an error.
    #[inline]
    pub(crate) fn poll_here(
        &self,
        py: Python<'_>,
        source: &mut Box<dyn Source>,
    ) -> PyResult<Poll<()>> {
        self.vtable
            .poll_first(py, &self.instrumentation, |cx| source.poll_next(cx))
    }

    /// Calls code of the stream or of an item in their instrumentation. A panic is an error.
    #[inline]
    pub(crate) fn run<T>(&self, call: impl FnOnce() -> T) -> Result<T, CaughtPanic> {
        self.instrumentation.run(|| catch_call(call))
    }

    /// Drops the stream inside the runtime's context. Call it detached from Python.
    pub(crate) fn drop_inside(&self, source: Box<dyn Source>) {
        self.vtable.drop_inside(&self.instrumentation, source);
    }

    /// Puts the stream back that the runtime has polled, and wakes the polls that wait for it. When the generator was closed
    /// meanwhile, the stream is returned: the caller drops it detached from Python.
    pub(crate) fn return_stream(&self, source: Box<dyn Source>) -> Option<Box<dyn Source>> {
        let mut state = self.lock();
        if matches!(state.location, StreamLocation::Closed) {
            return Some(source);
        }
        state.location = StreamLocation::Idle(source);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_values().for_each(Waker::wake);
        None
    }

    /// Closes the generator after a panic of the stream on the runtime. The next awaitable raises the panic, unless the
    /// generator was closed before.
    pub(crate) fn close_after_panic(&self, source: Option<Box<dyn Source>>, panic: CaughtPanic) {
        let mut state = self.lock();
        if !matches!(state.location, StreamLocation::Closed) {
            state.location = StreamLocation::Closed;
            state.panic = Some(panic);
        }
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        if let Some(source) = source {
            self.drop_inside(source);
        }
        waiting.into_values().for_each(Waker::wake);
    }

    /// Makes the error that a closed generator raises: once the panic that has closed it, and StopAsyncIteration otherwise.
    pub(crate) fn end_error(&self) -> PyErr {
        let panic = self.lock().panic.take();
        panic.map_or_else(|| PyStopAsyncIteration::new_err(()), PyErr::from)
    }

    /// Waits for the stream and takes it out. `None` when the generator was closed.
    pub(crate) fn poll_for_stream(
        &self,
        number: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Box<dyn Source>>> {
        // A waker's clone and drop run a runtime's code.
        let waker = cx.waker().clone();
        let mut state = self.lock();
        match state.take() {
            SlotContent::Stream(source) => Poll::Ready(Some(source)),
            SlotContent::Closed => Poll::Ready(None),
            SlotContent::Polling => {
                let before = state.waiting.insert(number, waker);
                drop(state);
                drop(before);
                Poll::Pending
            }
        }
    }

    /// Forgets the waker of a poll that was dropped.
    pub(crate) fn remove_waiter(&self, number: usize) {
        let waker = self.lock().waiting.remove(&number);
        drop(waker);
    }
}

/// A step of the running awaitable.
pub(crate) struct RunningStep<'a>(&'a StreamSlot);

impl RunningStep<'_> {
    /// Leaves the awaitable running after the step.
    pub(crate) fn keep_running(self) {
        std::mem::forget(self);
    }
}

impl Drop for RunningStep<'_> {
    fn drop(&mut self) {
        self.0.end_running();
    }
}

impl State {
    fn take(&mut self) -> SlotContent {
        match std::mem::replace(&mut self.location, StreamLocation::Polling) {
            StreamLocation::Idle(source) => SlotContent::Stream(source),
            StreamLocation::Polling => SlotContent::Polling,
            StreamLocation::Closed => {
                self.location = StreamLocation::Closed;
                SlotContent::Closed
            }
        }
    }
}
