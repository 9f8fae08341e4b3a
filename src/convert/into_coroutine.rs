//! The Python coroutine around a Rust future.
//!
//! All transitions happen in a step, on the thread that sends, throws or closes: the event loop's.
//!
//! | state | the Rust future | `send` | `throw` | `close`, drop |
//! | --- | --- | --- | --- | --- |
//! | created | in the coroutine | polls it once on this thread, detached from Python; if it is pending, spawns it on the runtime: waiting, or under trio | drops it and raises | drops it |
//! | waiting | on the runtime, with a [`RustFuture`] for its result | yields the [`RustFuture`], or ends with its result | sends the cancel signal, if there is one: waiting; else asks for the drop: throwing | asks for the drop |
//! | throwing | on the runtime, to be dropped | yields the [`RustFuture`] until it is done, then raises | replaces the exception | asks for the drop |
//! | under trio | on the runtime, with a task of trio for its result | steps trio's coroutine, whose end is this one's | asks for the drop, and throws into trio's coroutine | asks for the drop |
//!
//! So an exception that is thrown in is raised only after the Rust future has been dropped.
//!
//! A coroutine that is dropped in the state created warns that it was never awaited ([`unawaited`]).

mod name;
mod unawaited;

use std::pin::Pin;
use std::sync::Arc;

use pyo3::exceptions::{PyAttributeError, PyBaseException};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use crate::bridge::{Unstarted, Work, calls, convert};
use crate::cancel::Signal;
use crate::convert::future_into_py::{CancelPolicy, RustFuture, spawn_future, suspend_for_ever};
use crate::convert::trio_wait;
use crate::instrument::Instrumentation;
use crate::python::asyncio;
use crate::python::coroutine_frame;
use crate::python::coroutine_origin;
use crate::python::coroutine_state::{CoroutineState, Suspension};
use crate::python::exceptions::of_cpython::Misuse;
use crate::python::exceptions::pep479;
use crate::python::exceptions::throw_arguments::exception_from;
use crate::python::step::{Step, step_in_method};
use crate::python::trio;
use crate::python::type_slots;
use crate::python::type_slots::Steps;
use crate::task_locals::TaskLocals;

pub(crate) use name::CoroutineName;

/// Where the first poll of a coroutine happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstPoll {
    /// On the thread that sends, detached from Python.
    OnCaller,
    /// On the runtime, as all others.
    OnRuntime,
}

/// A coroutine (`collections.abc.Coroutine`) whose body is a Rust future.
#[pyclass(frozen, weakref, module = "pyo3_aio", name = "Coroutine")]
pub(crate) struct RustCoroutine {
    state: CoroutineState<State>,
    settings: Settings,
    /// `cr_origin`.
    origin: Option<Py<PyTuple>>,
}

/// How a coroutine behaves.
pub(crate) struct Settings {
    pub(crate) first_poll: FirstPoll,
    /// Receives the exceptions that are thrown in. Without a signal they drop the Rust future.
    pub(crate) cancel_signal: Option<Arc<Signal>>,
    pub(crate) name: CoroutineName,
}

impl Default for Settings {
    /// The errors of `into_coroutine`.
    fn default() -> Self {
        Self {
            first_poll: FirstPoll::OnCaller,
            cancel_signal: None,
            name: CoroutineName::default(),
        }
    }
}

enum State {
    /// No step has been made.
    Created(Unstarted),
    /// The Rust future is on the runtime.
    Waiting(Py<RustFuture>),
    /// The exception is raised when the Rust future has been dropped.
    Throwing(Py<RustFuture>, Py<PyBaseException>),
    /// A task of trio waits for the Rust future, and steps trio's coroutine through this one.
    UnderTrio(trio_wait::Wait),
}

impl Suspension for State {
    const EXECUTING: Misuse = Misuse::STEP_EXECUTING_COROUTINE;
    const FINISHED: Misuse = Misuse::STEP_FINISHED_COROUTINE;
}

impl RustCoroutine {
    pub(crate) fn create(
        py: Python<'_>,
        unstarted: Unstarted,
        settings: Settings,
    ) -> PyResult<Bound<'_, Self>> {
        static INSTALLED: PyOnceLock<()> = PyOnceLock::new();
        INSTALLED.get_or_init(py, || {
            type_slots::install::<Self>(py);
            type_slots::install_finalizer_of_all::<Self>(py);
        });
        let mut coroutine = Self::new(unstarted, settings);
        coroutine.origin = coroutine_origin::capture(py)?;
        Bound::new(py, coroutine)
    }

    /// Makes the coroutine without a Python object, for another object that steps it.
    pub(crate) fn new(unstarted: Unstarted, settings: Settings) -> Self {
        Self {
            state: CoroutineState::new(State::Created(unstarted)),
            settings,
            origin: None,
        }
    }

    #[inline]
    pub(crate) fn send_once(&self, value: &Bound<'_, PyAny>) -> PyResult<Step> {
        let Some(_call) = calls::enter(value.py()) else {
            return suspend_for_ever(value.py());
        };
        if !value.is_none() {
            self.require_started(value.py())?;
        }
        self.state.step(|state| self.advance(state, value))
    }

    /// Refuses a value that nothing waits for, by CPython's rule (`gen_send_ex2` in `Objects/genobject.c`). The coroutine can
    /// still be started.
    fn require_started(&self, py: Python<'_>) -> PyResult<()> {
        if !self.state.has_begun() {
            return Err(Misuse::SEND_TO_UNSTARTED_COROUTINE.error(py));
        }
        Ok(())
    }

    fn advance(&self, state: State, value: &Bound<'_, PyAny>) -> PyResult<Step> {
        let py = value.py();
        match state {
            State::Created(unstarted) => self.start(py, unstarted),
            State::UnderTrio(wait) => self.step_under_trio(py, wait, |inner| {
                inner.call_method1(intern!(py, "send"), (value,))
            }),
            State::Waiting(future) => self.resume(py, future),
            State::Throwing(future, error) => self.resume_throw(py, future, error),
        }
    }

    /// Throws an exception into the coroutine: raised after the Rust future has been dropped, or sent to its signal.
    pub(crate) fn throw_once(&self, py: Python<'_>, error: PyErr) -> PyResult<Step> {
        let Some(_call) = calls::enter(py) else {
            return suspend_for_ever(py);
        };
        self.state
            .step(|state| self.advance_by_throw(py, state, error))
    }

    fn advance_by_throw(&self, py: Python<'_>, state: State, error: PyErr) -> PyResult<Step> {
        match state {
            State::Waiting(future) if future.get().send_cancel_signal(|| error.clone_ref(py)) => {
                self.resume(py, future)
            }
            State::Waiting(future) | State::Throwing(future, _) => {
                future.get().abandon();
                self.resume_throw(py, future, error.into_value(py))
            }
            State::UnderTrio(wait) => {
                // trio cancels by the abort function of its wait. Only code that steps the coroutine itself throws into it,
                // and trio has no task to reschedule then.
                wait.task.cancel_now(py);
                self.step_under_trio(py, wait, |inner| {
                    inner.call_method1(intern!(py, "throw"), (error,))
                })
            }
            State::Created(unstarted) => {
                drop(unstarted);
                Err(error)
            }
        }
    }

    fn start(&self, py: Python<'_>, mut unstarted: Unstarted) -> PyResult<Step> {
        if self.settings.first_poll == FirstPoll::OnCaller {
            let instrumentation = Instrumentation::current(py);
            if unstarted.poll(py, &instrumentation)?.is_ready() {
                return instrumentation.run(|| convert_output(py, unstarted.into_inner()));
            }
        }
        let cancel_signal = self.settings.cancel_signal.clone();
        if trio::is_running_here(py)? {
            let wait = trio_wait::wait(py, unstarted, cancel_signal)?;
            return self.step_under_trio(py, wait, |inner| {
                inner.call_method1(intern!(py, "send"), (py.None(),))
            });
        }
        let locals = TaskLocals::of_awaited_future(asyncio::get_running_loop(py)?)?;
        let policy = cancel_signal.map_or(CancelPolicy::AfterDrop, CancelPolicy::Signal);
        // It cannot be done yet: only this thread, the loop's, settles it.
        let future = spawn_future(py, unstarted, locals, policy)?;
        self.wait(py, future.unbind())
    }

    /// Steps trio's coroutine, whose end is this one's.
    fn step_under_trio<'py>(
        &self,
        py: Python<'py>,
        wait: trio_wait::Wait,
        step: impl FnOnce(&Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<Step> {
        let stepped = Step::from_result(py, step(wait.coroutine.bind(py)));
        if let Ok(Step::Yielded(_)) = stepped {
            self.state.suspend(State::UnderTrio(wait));
        }
        stepped
    }

    /// Yields the future, or ends with its result.
    fn resume(&self, py: Python<'_>, future: Py<RustFuture>) -> PyResult<Step> {
        if let Some(result) = future.get().outcome(py) {
            return result.map(Step::Returned);
        }
        self.wait(py, future)
    }

    fn wait(&self, py: Python<'_>, future: Py<RustFuture>) -> PyResult<Step> {
        let step = RustFuture::yield_to_task(future.bind(py));
        self.state.suspend(State::Waiting(future));
        Ok(step)
    }

    /// Yields the future until it is done, then raises what was thrown in.
    fn resume_throw(
        &self,
        py: Python<'_>,
        future: Py<RustFuture>,
        error: Py<PyBaseException>,
    ) -> PyResult<Step> {
        if future.get().outcome(py).is_some() {
            return Err(PyErr::from_value(error.into_bound(py).into_any()));
        }
        let step = RustFuture::yield_to_task(future.bind(py));
        self.state.suspend(State::Throwing(future, error));
        Ok(step)
    }
}

fn convert_output(py: Python<'_>, work: Pin<Box<dyn Work>>) -> PyResult<Step> {
    let output = convert(py, work);
    output
        .map(Step::Returned)
        .map_err(|error| pep479::replace_stop_of_future(py, error))
}

impl Steps for RustCoroutine {
    fn step(slf: &Bound<'_, Self>, sent: &Bound<'_, PyAny>) -> PyResult<Step> {
        slf.get().send_once(sent)
    }
}

#[pymethods]
impl RustCoroutine {
    /// Runs until the next suspension; ends with StopIteration.
    fn send(&self, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        step_in_method(|| self.send_once(value))
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        step_in_method(|| self.send_once(py.None().bind(py)))
    }

    /// Raises an exception where the coroutine is suspended.
    #[pyo3(signature = (kind, value=None, traceback=None, /))]
    fn throw(
        &self,
        py: Python<'_>,
        kind: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let error = exception_from(kind, value, traceback)?;
        let error = pep479::replace_stop_of_coroutine(py, error);
        step_in_method(|| self.throw_once(py, error))
    }

    /// Drops the Rust future.
    pub(crate) fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.state.close(|state| {
            match state {
                State::Waiting(future) | State::Throwing(future, _) => future.get().abandon(),
                // trio's task waits no more, so that it must not be rescheduled.
                State::UnderTrio(wait) => wait.task.cancel_now(py),
                State::Created(unstarted) => drop(unstarted),
            }
            Ok(())
        })
    }

    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// As `coro_repr` in `Objects/genobject.c`.
    fn __repr__(slf: &Bound<'_, Self>) -> String {
        let name = slf.get().settings.name.qualname();
        format!("<coroutine object {name} at {:p}>", slf.as_ptr())
    }

    #[getter]
    fn __name__(&self) -> &str {
        self.settings.name.name()
    }

    #[getter]
    fn __qualname__(&self) -> &str {
        self.settings.name.qualname()
    }

    /// The Python future that the coroutine waits for. A coroutine that waits for none has no `cr_await` and no `cr_frame`, not
    /// even None: trio writes to the locals of the frame of a coroutine that has one, and wraps one that has none
    /// (`spawn_impl` in `trio/_core/_run.py`).
    #[getter]
    fn cr_await(&self, py: Python<'_>) -> PyResult<Py<RustFuture>> {
        let waiting = self.state.inspect(|state| match state {
            State::Waiting(future) | State::Throwing(future, _) => Some(future.clone_ref(py)),
            State::Created(_) | State::UnderTrio(_) => None,
        });
        waiting.flatten().ok_or_else(|| {
            PyAttributeError::new_err("the coroutine of Rust does not wait for a future now")
        })
    }

    /// A frame with the name of the coroutine, for tools that show where a task waits.
    #[getter]
    fn cr_frame<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.cr_await(py)?;
        let name = &self.settings.name;
        coroutine_frame::named(py, name.name(), name.qualname())
    }

    #[getter]
    fn cr_running(&self) -> bool {
        self.state.is_executing()
    }

    /// Python's own coroutines have `cr_suspended` from Python 3.11 on.
    #[getter]
    fn cr_suspended(&self) -> bool {
        self.state.is_suspended()
    }

    #[getter]
    fn cr_origin(&self, py: Python<'_>) -> Option<Py<PyTuple>> {
        Some(self.origin.as_ref()?.clone_ref(py))
    }

    pub(crate) fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        let visited = self.state.inspect(|state| match state {
            State::Waiting(future) => visit.call(future),
            State::Throwing(future, error) => {
                visit.call(future)?;
                visit.call(error)
            }
            State::UnderTrio(wait) => visit.call(&wait.coroutine),
            State::Created(_) => Ok(()),
        });
        visited.unwrap_or(Ok(()))
    }
}

impl Drop for RustCoroutine {
    fn drop(&mut self) {
        match self.state.take() {
            Some(State::Waiting(future) | State::Throwing(future, _)) => future.get().abandon(),
            Some(State::UnderTrio(wait)) => wait.task.request_cancel(),
            Some(State::Created(unstarted)) => {
                self.warn_in_drop();
                drop(unstarted);
            }
            None => {}
        }
    }
}
