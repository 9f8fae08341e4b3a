//! The steps of an `async for` over a generator, whose body adds the item to the buffer.
//!
//! Guarantees:
//! - The task gets what the generator yields as it is, so that the generator runs as under `async for`.
//! - An item is added to the buffer before the generator is waited for again, and before its end.
//! - When the stream has been dropped, or the task is cancelled between two items, the generator's `aclose()` is
//!   awaited.

use std::time::{Duration, Instant};

use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};

use crate::bridge::leaves_the_loop;
use crate::convert::into_stream::await_iterator::{AwaitIterator, Resume};
use crate::convert::into_stream::buffer::MAX_CAPACITY;
use crate::convert::into_stream::shared_stream::{Errors, SharedStream, report};
use crate::python::asyncio;
use crate::python::step::Step;

/// The most items of one iteration of the loop: half of the largest buffer, so that the consumer takes one half while the
/// other is filled.
const BATCH: usize = MAX_CAPACITY / 2;
/// The longest time of one iteration of the loop. Other tasks of the loop wait for it.
const TURN: Duration = Duration::from_millis(1);

/// The generator, and the position in it.
pub(crate) struct AsyncFor {
    generator: Py<PyAny>,
    /// The result of `__aiter__`, once it has been called.
    iterator: Option<Py<PyAny>>,
    await_iterator: Option<AwaitIterator>,
    phase: AsyncForPhase,
}

enum AsyncForPhase {
    /// An item is awaited, or comes next.
    Iterating,
    /// `aclose()` is awaited. The error is raised afterwards.
    Closing(Option<PyErr>),
}

/// The reason why an iteration collects no more items.
enum TurnEnd {
    /// The generator has yielded this to the task.
    Suspended(Py<PyAny>),
    /// The buffer is full, or the iteration was long.
    Full,
    Exhausted,
    Failed(PyErr),
    /// Nobody takes more items, or this was thrown into the task between two items.
    Interrupted(Option<PyErr>),
}

impl AsyncFor {
    pub(crate) fn new(generator: Py<PyAny>) -> Self {
        Self {
            generator,
            iterator: None,
            await_iterator: None,
            phase: AsyncForPhase::Iterating,
        }
    }

    /// Runs until the generator awaits something, or until the iteration or the generator ends.
    pub(crate) fn resume(
        &mut self,
        py: Python<'_>,
        shared: &SharedStream,
        resume: Resume<'_, '_>,
    ) -> PyResult<Step> {
        match self.phase {
            AsyncForPhase::Iterating => self.collect_turn(py, shared, resume),
            AsyncForPhase::Closing(_) => self.resume_closing(py, resume),
        }
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.generator)?;
        visit.call(&self.iterator)?;
        visit.call(self.await_iterator.as_ref().map(AwaitIterator::object))
    }

    /// Collects the items of one iteration.
    fn collect_turn(
        &mut self,
        py: Python<'_>,
        shared: &SharedStream,
        resume: Resume<'_, '_>,
    ) -> PyResult<Step> {
        let (mut items, mut bytes) = (Vec::new(), 0);
        let collected = self.collect(py, shared, resume, &mut items, &mut bytes);
        shared.add(&mut items, bytes);
        match collected {
            TurnEnd::Suspended(yielded) => Ok(Step::Yielded(yielded)),
            TurnEnd::Full => pause(py, shared),
            TurnEnd::Exhausted => Ok(Step::Returned(py.None())),
            TurnEnd::Failed(error) => self.fail(py, shared, error),
            TurnEnd::Interrupted(reason) => {
                if let Some(error) = &reason {
                    shared.stop(error.clone_ref(py));
                }
                self.close(py, shared, reason)
            }
        }
    }

    fn collect(
        &mut self,
        py: Python<'_>,
        shared: &SharedStream,
        resume: Resume<'_, '_>,
        items: &mut Vec<Py<PyAny>>,
        bytes: &mut usize,
    ) -> TurnEnd {
        let (capacity, max_bytes) = shared.buffer.free_capacity();
        let capacity = capacity.min(BATCH);
        let started = Instant::now();
        let none = py.None().into_bound(py);
        let mut resume = match (resume, &self.await_iterator) {
            (Resume::Throw(error), None) => {
                return TurnEnd::Interrupted((!shared.is_unwanted()).then_some(error));
            }
            (resume, _) => resume,
        };
        loop {
            if self.await_iterator.is_none() {
                if shared.is_unwanted() {
                    return TurnEnd::Interrupted(None);
                }
                if items.len() >= capacity || *bytes >= max_bytes || started.elapsed() > TURN {
                    return TurnEnd::Full;
                }
            }
            match self.step(py, std::mem::replace(&mut resume, Resume::Send(&none))) {
                Ok(Step::Yielded(yielded)) => return TurnEnd::Suspended(yielded),
                Ok(Step::Returned(item)) => {
                    *bytes = bytes.saturating_add(size(item.bind(py)));
                    items.push(item);
                }
                Err(error) if error.is_instance_of::<PyStopAsyncIteration>(py) => {
                    return TurnEnd::Exhausted;
                }
                Err(error) => return TurnEnd::Failed(error),
            }
        }
    }

    /// Steps the item that is awaited, or else the next one.
    fn step(&mut self, py: Python<'_>, resume: Resume<'_, '_>) -> PyResult<Step> {
        let await_iterator = match self.await_iterator.take() {
            Some(await_iterator) => await_iterator,
            None => {
                AwaitIterator::of_item(self.iterator(py)?.call_method0(intern!(py, "__anext__"))?)?
            }
        };
        let stepped = await_iterator.resume(py, resume);
        if let Ok(Step::Yielded(_)) = stepped {
            self.await_iterator = Some(await_iterator);
        }
        stepped
    }

    fn iterator<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Some(iterator) = &self.iterator {
            return Ok(iterator.bind(py).clone());
        }
        let generator = self.generator.bind(py);
        let iterator = match generator.getattr_opt(intern!(py, "__aiter__"))? {
            Some(aiter) => aiter.call0()?,
            None => generator.clone(),
        };
        self.iterator = Some(iterator.clone().unbind());
        Ok(iterator)
    }

    /// Ends the driver with an error that the generator has raised.
    fn fail(&mut self, py: Python<'_>, shared: &SharedStream, error: PyErr) -> PyResult<Step> {
        let is_cancelled = error.matches(py, asyncio::cancelled_error(py)?)?;
        if shared.is_unwanted() {
            if is_cancelled {
                return self.close(py, shared, None);
            }
            if leaves_the_loop(&error, py) {
                return Err(error);
            }
            report(py, error)?;
            return Ok(Step::Returned(py.None()));
        }
        if is_cancelled || leaves_the_loop(&error, py) {
            shared.stop(error.clone_ref(py));
            return Err(error);
        }
        match shared.errors {
            Errors::Deliver => shared.fail(error),
            Errors::Report => report(py, error)?,
        }
        Ok(Step::Returned(py.None()))
    }

    /// Calls `aclose()`, if there is one.
    fn close(
        &mut self,
        py: Python<'_>,
        shared: &SharedStream,
        reason: Option<PyErr>,
    ) -> PyResult<Step> {
        if reason.is_none() {
            shared.uncancel(py)?;
        }
        shared.begin_closing();
        self.phase = AsyncForPhase::Closing(reason);
        let generator = self.iterator.as_ref().unwrap_or(&self.generator).bind(py);
        let Some(aclose) = generator.getattr_opt(intern!(py, "aclose"))? else {
            return self.closed(py);
        };
        match aclose.call0().and_then(AwaitIterator::new) {
            Ok(await_iterator) => self.await_iterator = Some(await_iterator),
            Err(error) => {
                report(py, error)?;
                return self.closed(py);
            }
        }
        self.resume_closing(py, Resume::Send(&py.None().into_bound(py)))
    }

    fn resume_closing(&mut self, py: Python<'_>, resume: Resume<'_, '_>) -> PyResult<Step> {
        let Some(await_iterator) = self.await_iterator.take() else {
            return self.closed(py);
        };
        match await_iterator.resume(py, resume) {
            Ok(Step::Yielded(yielded)) => {
                self.await_iterator = Some(await_iterator);
                Ok(Step::Yielded(yielded))
            }
            Ok(Step::Returned(_)) => self.closed(py),
            Err(error)
                if leaves_the_loop(&error, py)
                    || error.matches(py, asyncio::cancelled_error(py)?)? =>
            {
                Err(error)
            }
            Err(error) => {
                report(py, error)?;
                self.closed(py)
            }
        }
    }

    fn closed(&mut self, py: Python<'_>) -> PyResult<Step> {
        match std::mem::replace(&mut self.phase, AsyncForPhase::Closing(None)) {
            AsyncForPhase::Closing(Some(error)) => Err(error),
            _ => Ok(Step::Returned(py.None())),
        }
    }
}

/// Returns the bytes of an item that is `bytes` or `bytearray`.
fn size(item: &Bound<'_, PyAny>) -> usize {
    if let Ok(bytes) = item.cast_exact::<PyBytes>() {
        return bytes.as_bytes().len();
    }
    item.cast_exact::<PyByteArray>()
        .map_or(0, |bytes| bytes.len())
}

/// Yields to the loop: for one iteration (`asyncio.sleep(0)`), or until the buffer has capacity.
fn pause(py: Python<'_>, shared: &SharedStream) -> PyResult<Step> {
    if shared.buffer.is_full() {
        let pause = asyncio::get_running_loop(py)?.call_method0(intern!(py, "create_future"))?;
        // As `Future.__await__` does before it yields itself.
        pause.setattr(intern!(py, "_asyncio_future_blocking"), true)?;
        if shared.pause(&pause) {
            return Ok(Step::Yielded(pause.unbind()));
        }
    }
    Ok(Step::Yielded(py.None()))
}
