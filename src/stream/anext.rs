//! What `__anext__()` and `asend()` of a generator return.
//!
//! Guarantees:
//! - Nothing is polled before the first step. That polls the stream on the caller's thread, detached from Python and
//!   inside the runtime's context; only when it is pending does it move to the runtime.
//! - While it is pending it waits as a [`RustCoroutine`] does. An exception that is thrown in is raised after the
//!   runtime has given the stream back, with the item that may have come meanwhile: the next one who asks gets it.

use std::borrow::Cow;
use std::sync::Arc;

use pyo3::exceptions::{PyRuntimeError, PyStopAsyncIteration, PyStopIteration, PyTypeError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::RustGenerator;
use super::custody::{Asked, Busy, Custody, Pull};
use super::source::Source;
use crate::awaitable::CancelPolicy;
use crate::bridge::left_behind_error;
use crate::caught::catch_call;
use crate::coroutine::{FirstPoll, RustCoroutine, Settings, thrown};
use crate::slots::{self, Step, Steps, step_in_method};
use crate::steppable::{Steppable, Suspended};

/// An awaitable for one item of a generator.
#[pyclass(frozen, module = "pyo3_aio", name = "AsyncGeneratorNext")]
pub(crate) struct Anext {
    generator: Py<RustGenerator>,
    /// What was sent, unless it was None.
    value: Option<Py<PyAny>>,
    state: Steppable<State>,
}

enum State {
    /// Nothing has been asked for.
    New,
    /// The stream is on its runtime, and a coroutine waits for that. Its box keeps the other states small, which are
    /// moved with every item.
    Waiting(Box<RustCoroutine>),
    /// An exception was thrown in, and the runtime has still to give the stream back.
    Throwing(Box<RustCoroutine>),
}

impl Suspended for State {
    const EXECUTING: &'static str = "awaitable already executing";
    const FINISHED: &'static str = "cannot reuse already awaited __anext__()/asend()";
}

impl Anext {
    pub(super) fn create(
        generator: Bound<'_, RustGenerator>,
        value: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'_, Self>> {
        static PATCHED: PyOnceLock<()> = PyOnceLock::new();
        let py = generator.py();
        PATCHED.get_or_init(py, || slots::patch::<Self>(py));
        let anext = Self {
            generator: generator.unbind(),
            value,
            state: Steppable::new(State::New),
        };
        Bound::new(py, anext)
    }

    fn custody(&self) -> &Arc<Custody> {
        self.generator.get().custody()
    }

    #[inline]
    fn send_once(&self, value: &Bound<'_, PyAny>) -> PyResult<Step> {
        self.state.step(|state| match state {
            State::New => self.start(value.py()),
            State::Waiting(coroutine) => self.resume(value, coroutine),
            State::Throwing(coroutine) => {
                let stepped = coroutine.send_once(value);
                self.rethrow(coroutine, stepped)
            }
        })
    }

    fn start(&self, py: Python<'_>) -> PyResult<Step> {
        let custody = self.custody();
        if self.value.is_some() && !custody.is_started() && !custody.is_closed() {
            return Err(PyTypeError::new_err(
                "can't send non-None value to a just-started async generator",
            ));
        }
        match custody.ask() {
            Err(Busy) => Err(PyRuntimeError::new_err(
                "anext(): asynchronous generator is already running",
            )),
            Ok(Asked::Closed) => Err(PyStopAsyncIteration::new_err(())),
            Ok(Asked::Away) if custody.is_left_behind() => {
                custody.release();
                Err(left_behind_error())
            }
            Ok(Asked::Away) => self.wait(py, None),
            Ok(Asked::Stream(source)) => self.poll(py, source),
        }
    }

    fn poll(&self, py: Python<'_>, mut source: Box<dyn Source>) -> PyResult<Step> {
        match self.custody().poll_here(py, &mut source) {
            Ok(poll) if poll.is_ready() => self.finish(py, source),
            Ok(_) => self.wait(py, Some(source)),
            Err(panic) => {
                self.custody().close(py, Some(source));
                Err(panic)
            }
        }
    }

    /// Moves the poll to the runtime.
    fn wait(&self, py: Python<'_>, source: Option<Box<dyn Source>>) -> PyResult<Step> {
        let custody = self.custody();
        let settings = Settings {
            runner: custody.runner(),
            first_poll: FirstPoll::OnRuntime,
            cancel: CancelPolicy::AfterDrop,
            name: Cow::Borrowed("__anext__"),
        };
        let pull = Pull::boxed(Arc::clone(custody), source);
        let coroutine = Box::new(RustCoroutine::new(pull, settings));
        self.resume(py.None().bind(py), coroutine)
    }

    /// Waits on, or ends with the item.
    fn resume(&self, value: &Bound<'_, PyAny>, coroutine: Box<RustCoroutine>) -> PyResult<Step> {
        match coroutine.send_once(value) {
            Ok(Step::Returned(_)) => match self.custody().take() {
                Some(source) => self.finish(value.py(), source),
                None => Err(PyStopAsyncIteration::new_err(())),
            },
            Ok(yielded) => {
                self.state.suspend(State::Waiting(coroutine));
                Ok(yielded)
            }
            Err(error) => {
                self.custody().release();
                Err(error)
            }
        }
    }

    /// Waits until the stream is back, and raises what was thrown in.
    fn rethrow(&self, coroutine: Box<RustCoroutine>, stepped: PyResult<Step>) -> PyResult<Step> {
        if matches!(stepped, Ok(Step::Yielded(_))) {
            self.state.suspend(State::Throwing(coroutine));
        } else {
            self.custody().release();
        }
        stepped
    }

    /// Ends with the item that is waiting in the stream, or by what ends the generator.
    fn finish(&self, py: Python<'_>, mut source: Box<dyn Source>) -> PyResult<Step> {
        let taken = catch_call(|| source.take(py)).unwrap_or_else(|panic| Some(Err(panic.into())));
        if let Some(Ok(item)) = taken {
            self.custody().give_back(source);
            return Ok(Step::Returned(item));
        }
        self.custody().close(py, Some(source));
        match taken {
            Some(Err(error)) => Err(raised(py, error)),
            _ => Err(PyStopAsyncIteration::new_err(())),
        }
    }
}

impl Steps for Anext {
    fn step(slf: &Bound<'_, Self>, sent: &Bound<'_, PyAny>) -> PyResult<Step> {
        slf.get().send_once(sent)
    }
}

/// PEP 479's and PEP 525's rule: these two would be taken for the end.
fn raised(py: Python<'_>, error: PyErr) -> PyErr {
    let message = if error.is_instance_of::<PyStopIteration>(py) {
        "the Rust stream raised StopIteration"
    } else if error.is_instance_of::<PyStopAsyncIteration>(py) {
        "the Rust stream raised StopAsyncIteration"
    } else {
        return error;
    };
    let raised = PyRuntimeError::new_err(message);
    raised.set_cause(py, Some(error));
    raised
}

#[pymethods]
impl Anext {
    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        step_in_method(|| self.send_once(py.None().bind(py)))
    }

    /// Runs until the next suspension; ends with StopIteration.
    fn send(&self, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        step_in_method(|| self.send_once(value))
    }

    /// Raises an exception, when the stream is back; the generator can be used again.
    #[pyo3(signature = (kind, value=None, traceback=None, /))]
    fn throw(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let error = thrown(kind, value, traceback)?;
        step_in_method(|| {
            self.state.step(|state| match state {
                State::Waiting(coroutine) | State::Throwing(coroutine) => {
                    let stepped = coroutine.throw_once(py, error);
                    self.rethrow(coroutine, stepped)
                }
                State::New => Err(error),
            })
        })
    }

    /// Gives the item up.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.state.close(|state| match state {
            State::Waiting(coroutine) | State::Throwing(coroutine) => {
                coroutine.close(py)?;
                self.custody().release();
                Ok(())
            }
            State::New => Ok(()),
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.generator)?;
        visit.call(&self.value)?;
        let visited = self.state.look(|state| match state {
            State::Waiting(coroutine) | State::Throwing(coroutine) => coroutine.__traverse__(visit),
            State::New => Ok(()),
        });
        visited.unwrap_or(Ok(()))
    }
}

impl Drop for Anext {
    fn drop(&mut self) {
        if let Some(State::Waiting(_) | State::Throwing(_)) = self.state.take() {
            // The coroutine's own drop gives the poll up.
            self.generator.get().custody().release();
        }
    }
}
