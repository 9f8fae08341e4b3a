//! The awaitable that `__anext__()` and `asend()` of a generator return, as CPython's `async_gen_asend`
//! (`Objects/genobject.c`), with its rules and texts.
//!
//! Nothing is polled before the first step. That polls the stream on the caller's thread, detached from Python and inside the
//! runtime's context. Only a stream that is pending moves to the runtime, and a [`RustCoroutine`] waits for it. An exception
//! that is thrown in is raised after the runtime has returned the stream, with the item that may have come meanwhile: the
//! next awaitable gets it.

use std::pin::Pin;
use std::sync::Arc;

use pyo3::exceptions::PyStopAsyncIteration;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::bridge::{Unstarted, Work, calls, left_behind_error};
use crate::convert::future_into_py::suspend_for_ever;
use crate::convert::into_coroutine::{FirstPoll, RustCoroutine, Settings};
use crate::convert::stream_into_py::generator::RustGenerator;
use crate::convert::stream_into_py::runtime_poll::RuntimePoll;
use crate::convert::stream_into_py::source::Source;
use crate::convert::stream_into_py::stream_slot::{AlreadyRunning, SlotContent, StreamSlot};
use crate::python::coroutine_state::{CoroutineState, Suspension};
use crate::python::exceptions::of_cpython::Misuse;
use crate::python::exceptions::pep479;
use crate::python::exceptions::throw_arguments::exception_from;
use crate::python::step::{Step, step_in_method};
use crate::python::type_slots;
use crate::python::type_slots::Steps;

/// An awaitable for one item of a generator.
#[pyclass(frozen, module = "pyo3_aio", name = "AsyncGeneratorNext")]
pub(crate) struct Anext {
    generator: Py<RustGenerator>,
    state: CoroutineState<AnextStage>,
}

enum AnextStage {
    /// No step has been made. The value of `asend()`, unless it was None.
    New(Option<Py<PyAny>>),
    /// The coroutine waits for the poll on the runtime. Its box keeps the stages small, which are moved with every item.
    Waiting(Box<RustCoroutine>),
    /// An exception was thrown in. The coroutine waits for the runtime to return the stream.
    Throwing(Box<RustCoroutine>),
}

impl Suspension for AnextStage {
    const EXECUTING: Misuse = Misuse::STEP_EXECUTING_ANEXT;
    const FINISHED: Misuse = Misuse::STEP_FINISHED_ANEXT;
}

impl Anext {
    pub(crate) fn create(
        generator: Bound<'_, RustGenerator>,
        value: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'_, Self>> {
        static INSTALLED: PyOnceLock<()> = PyOnceLock::new();
        let py = generator.py();
        INSTALLED.get_or_init(py, || type_slots::install::<Self>(py));
        let anext = Self {
            generator: generator.unbind(),
            state: CoroutineState::new(AnextStage::New(value)),
        };
        Bound::new(py, anext)
    }

    #[inline]
    fn send_once(&self, value: &Bound<'_, PyAny>) -> PyResult<Step> {
        let py = value.py();
        let Some(_call) = calls::enter(py) else {
            return suspend_for_ever(py);
        };
        self.state.step(|stage| match stage {
            AnextStage::New(sent) => self.start(py, sent.as_ref()),
            AnextStage::Waiting(coroutine) => self.resume(value, coroutine),
            AnextStage::Throwing(coroutine) => {
                self.rethrow(py, coroutine, |coroutine| coroutine.send_once(value))
            }
        })
    }

    fn slot(&self) -> &Arc<StreamSlot> {
        self.generator.get().slot()
    }

    fn start(&self, py: Python<'_>, sent: Option<&Py<PyAny>>) -> PyResult<Step> {
        let slot = self.slot();
        if sent.is_some() && !slot.is_started() && !slot.is_closed() {
            return Err(Misuse::SEND_TO_UNSTARTED_GENERATOR.error(py));
        }
        match slot.begin() {
            Err(AlreadyRunning) => Err(Misuse::ANEXT_OF_RUNNING_GENERATOR.error(py)),
            Ok(SlotContent::Closed) => Err(slot.end_error()),
            Ok(SlotContent::Polling) if slot.is_left_behind() => {
                slot.end_running();
                Err(left_behind_error())
            }
            Ok(SlotContent::Polling) => self.wait(py, None),
            Ok(SlotContent::Stream(source)) => self.poll(py, source),
        }
    }

    fn poll(&self, py: Python<'_>, mut source: Box<dyn Source>) -> PyResult<Step> {
        match self.slot().poll_here(py, &mut source) {
            Ok(poll) if poll.is_ready() => self.finish(py, source),
            Ok(_) => self.wait(py, Some(source)),
            Err(panic) => {
                self.slot().close(py, Some(source));
                Err(panic)
            }
        }
    }

    /// Polls the stream on the runtime, after a poll that was cancelled if that has the stream.
    fn wait(&self, py: Python<'_>, source: Option<Box<dyn Source>>) -> PyResult<Step> {
        let slot = self.slot();
        let settings = Settings {
            first_poll: FirstPoll::OnRuntime,
            ..Settings::default()
        };
        let poll: Pin<Box<dyn Work>> = Box::pin(RuntimePoll::new(Arc::clone(slot), source));
        let unstarted = Unstarted::new(poll, slot.vtable());
        let coroutine = Box::new(RustCoroutine::new(unstarted, settings));
        self.resume(py.None().bind(py), coroutine)
    }

    /// Steps the coroutine, whose end means that the item is in the stream or that the generator is closed.
    fn resume(&self, value: &Bound<'_, PyAny>, coroutine: Box<RustCoroutine>) -> PyResult<Step> {
        let step_guard = self.slot().running_step();
        let stepped = coroutine.send_once(value)?;
        if let Step::Yielded(_) = stepped {
            step_guard.keep_running();
            self.state.suspend(AnextStage::Waiting(coroutine));
            return Ok(stepped);
        }
        let Some(source) = self.slot().take() else {
            return Err(self.slot().end_error());
        };
        step_guard.keep_running();
        self.finish(value.py(), source)
    }

    /// Steps a coroutine that an exception was thrown into. It raises the exception when the stream is back.
    fn rethrow(
        &self,
        py: Python<'_>,
        coroutine: Box<RustCoroutine>,
        step: impl FnOnce(&RustCoroutine) -> PyResult<Step>,
    ) -> PyResult<Step> {
        let step_guard = self.slot().running_step();
        let stepped = step(&coroutine);
        if let Ok(Step::Yielded(_)) = stepped {
            step_guard.keep_running();
            self.state.suspend(AnextStage::Throwing(coroutine));
        }
        stepped.map_err(|error| pep479::replace_stop_of_generator(py, error))
    }

    /// Returns the item that is in the stream, or closes the generator at the end, an error or a panic.
    fn finish(&self, py: Python<'_>, mut source: Box<dyn Source>) -> PyResult<Step> {
        let taken = self.slot().run(|| source.take(py));
        let taken = taken.unwrap_or_else(|panic| Some(Err(panic.into())));
        if let Some(Ok(item)) = taken {
            self.slot().finish_item(source);
            return Ok(Step::Returned(item));
        }
        self.slot().close(py, Some(source));
        match taken {
            Some(Err(error)) => Err(pep479::replace_stop_of_stream(py, error)),
            _ => Err(PyStopAsyncIteration::new_err(())),
        }
    }
}

impl Steps for Anext {
    fn step(slf: &Bound<'_, Self>, sent: &Bound<'_, PyAny>) -> PyResult<Step> {
        slf.get().send_once(sent)
    }
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

    /// Raises an exception when the stream is back. The generator can be used again.
    #[pyo3(signature = (kind, value=None, traceback=None, /))]
    fn throw(
        &self,
        kind: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let error = exception_from(kind, value, traceback)?;
        let py = kind.py();
        step_in_method(|| {
            self.state.step(|stage| match stage {
                AnextStage::Waiting(coroutine) | AnextStage::Throwing(coroutine) => {
                    self.rethrow(py, coroutine, |coroutine| coroutine.throw_once(py, error))
                }
                AnextStage::New(_) => Err(pep479::replace_stop_of_generator(py, error)),
            })
        })
    }

    /// Cancels the poll. The item stays in the stream.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.state.close(|stage| match stage {
            AnextStage::Waiting(coroutine) | AnextStage::Throwing(coroutine) => {
                let _step = self.slot().running_step();
                coroutine.close(py)
            }
            AnextStage::New(_) => Ok(()),
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.generator)?;
        let visited = self.state.inspect(|stage| match stage {
            AnextStage::Waiting(coroutine) | AnextStage::Throwing(coroutine) => {
                coroutine.__traverse__(visit)
            }
            AnextStage::New(sent) => visit.call(sent),
        });
        visited.unwrap_or(Ok(()))
    }
}

impl Drop for Anext {
    fn drop(&mut self) {
        if let Some(AnextStage::Waiting(_) | AnextStage::Throwing(_)) = self.state.take() {
            // The drop of the coroutine cancels the poll.
            self.slot().end_running();
        }
    }
}
