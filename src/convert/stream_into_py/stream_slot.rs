//! Who has the Rust stream of a generator just now.
//!
//! Guarantees:
//! - One [`Anext`] at a time asks for an item, and one thread at a time has the stream.
//! - A poll that is given up brings the stream back with the item that it may have got, so that none is lost; its panic
//!   is raised for the one who asks next.
//! - The stream is dropped inside its runtime's context, detached from Python, and a panic of the drop goes nowhere.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::prelude::*;

use crate::bridge::{Runner, generation};
use crate::convert::stream_into_py::source::Source;
use crate::instrument::Surroundings;
use crate::panic::{Caught, catch_call};

/// The place that the stream leaves to be polled, and comes back to.
pub(crate) struct StreamSlot {
    state: Mutex<State>,
    runner: &'static Runner,
    /// Those of the code that made the generator, whoever asks it.
    surroundings: Surroundings,
}

struct State {
    location: StreamLocation,
    /// Somebody asks for an item, and has not got it yet.
    running: bool,
    /// Somebody has asked before.
    started: bool,
    /// That of a poll on the runtime, until somebody is told.
    panic: Option<Caught>,
    /// The process whose runtime has polled the stream last.
    polled_generation: u32,
    /// How many polls have been moved to the runtime.
    poll_count: usize,
    /// Those of them that wait for the stream, which one that was given up still has. Others of these may have been
    /// given up as well.
    waiting: BTreeMap<usize, Waker>,
}

enum StreamLocation {
    Idle(Box<dyn Source>),
    /// Being polled, here or on the runtime.
    Polling,
    /// Dropped, or to be dropped when it comes back.
    Closed,
}

/// What the one who asks for an item gets.
pub(crate) enum Taken {
    Stream(Box<dyn Source>),
    /// A poll that was given up still has it.
    Polling,
    Closed,
}

/// Somebody asks for an item already.
pub(crate) struct AlreadyRunning;

impl StreamSlot {
    pub(crate) fn new(
        source: Box<dyn Source>,
        runner: &'static Runner,
        surroundings: Surroundings,
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
            runner,
            surroundings,
        }
    }

    /// Numbers a poll that is moved to the runtime, which is this process's.
    pub(crate) fn next_poll_number(&self) -> usize {
        let mut state = self.lock();
        state.polled_generation = generation();
        state.poll_count += 1;
        state.poll_count
    }

    pub(crate) fn runner(&self) -> &'static Runner {
        self.runner
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

    /// Whether the stream stayed with a runtime of the parent process.
    pub(crate) fn is_left_behind(&self) -> bool {
        let state = self.lock();
        matches!(state.location, StreamLocation::Polling) && state.polled_generation != generation()
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.lock().location, StreamLocation::Closed)
    }

    /// Takes the stream out in order to poll it; [`StreamSlot::end_running`] ends that.
    #[inline]
    pub(crate) fn begin(&self) -> Result<Taken, AlreadyRunning> {
        let mut state = self.lock();
        if state.running {
            return Err(AlreadyRunning);
        }
        state.started = true;
        state.running = !matches!(state.location, StreamLocation::Closed);
        Ok(state.take())
    }

    /// Takes out the stream that the runtime has brought back.
    pub(crate) fn take(&self) -> Option<Box<dyn Source>> {
        match self.lock().take() {
            Taken::Stream(source) => Some(source),
            Taken::Polling | Taken::Closed => None,
        }
    }

    /// Lets others ask.
    pub(crate) fn end_running(&self) {
        self.lock().running = false;
    }

    /// Lets others ask when the step that asks is over, whether it returned, raised or panicked; unless it goes on.
    pub(crate) fn running_step(&self) -> RunningStep<'_> {
        RunningStep(self)
    }

    /// Brings the stream back and lets others ask.
    #[inline]
    pub(crate) fn finish_item(&self, source: Box<dyn Source>) {
        let mut state = self.lock();
        state.running = false;
        state.location = StreamLocation::Idle(source);
    }

    /// Ends the generator; a stream that is away is dropped when it comes back.
    pub(crate) fn close(&self, py: Python<'_>, taken: Option<Box<dyn Source>>) {
        let mut state = self.lock();
        state.running = false;
        let here = std::mem::replace(&mut state.location, StreamLocation::Closed);
        let untold = state.panic.take();
        drop(state);
        drop(untold);
        if let StreamLocation::Idle(source) = here {
            py.detach(|| self.drop_inside(source));
        }
        if let Some(source) = taken {
            py.detach(|| self.drop_inside(source));
        }
    }

    /// Polls the stream once on this thread, detached from Python; a panic is an error.
    #[inline]
    pub(crate) fn poll_here(
        &self,
        py: Python<'_>,
        source: &mut Box<dyn Source>,
    ) -> PyResult<Poll<()>> {
        self.runner
            .poll_first(py, &self.surroundings, |cx| source.poll_next(cx))
    }

    /// Calls the stream's code, or an item's, where its output belongs; a panic is an error.
    #[inline]
    pub(crate) fn run<T>(&self, call: impl FnOnce() -> T) -> Result<T, Caught> {
        self.surroundings.run(|| catch_call(call))
    }

    /// Drops it inside the runtime's context, on a thread that is detached from Python.
    pub(crate) fn drop_inside(&self, source: Box<dyn Source>) {
        self.runner.drop_inside(&self.surroundings, source);
    }

    /// Brings the stream back from the runtime; whoever asked for it still has to take it. It is returned, to be dropped
    /// detached from Python, when the generator was closed meanwhile.
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

    /// Ends the generator, whose stream has panicked on the runtime; the one who asks next is told, unless it is closed.
    pub(crate) fn close_after_panic(&self, source: Option<Box<dyn Source>>, panic: Caught) {
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

    /// What a closed generator raises: once the panic that has ended it, if that was one.
    pub(crate) fn end_error(&self) -> PyErr {
        let panic = self.lock().panic.take();
        panic.map_or_else(|| PyStopAsyncIteration::new_err(()), PyErr::from)
    }

    /// Waits until the stream is back, and takes it; `None` when it is closed.
    pub(crate) fn poll_for_stream(
        &self,
        number: usize,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Box<dyn Source>>> {
        // Cloning one, and dropping one, may run a runtime's code, which the lock must not be held for.
        let waker = cx.waker().clone();
        let mut state = self.lock();
        match state.take() {
            Taken::Stream(source) => Poll::Ready(Some(source)),
            Taken::Closed => Poll::Ready(None),
            Taken::Polling => {
                let before = state.waiting.insert(number, waker);
                drop(state);
                drop(before);
                Poll::Pending
            }
        }
    }

    /// A poll waits no more for the stream.
    pub(crate) fn remove_waiter(&self, number: usize) {
        let waker = self.lock().waiting.remove(&number);
        drop(waker);
    }
}

/// A step of somebody who asks.
pub(crate) struct RunningStep<'a>(&'a StreamSlot);

impl RunningStep<'_> {
    /// Goes on asking.
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
    fn take(&mut self) -> Taken {
        match std::mem::replace(&mut self.location, StreamLocation::Polling) {
            StreamLocation::Idle(source) => Taken::Stream(source),
            StreamLocation::Polling => Taken::Polling,
            StreamLocation::Closed => {
                self.location = StreamLocation::Closed;
                Taken::Closed
            }
        }
    }
}
