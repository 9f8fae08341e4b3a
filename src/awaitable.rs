//! The Python future that a Rust future settles.
//!
//! It is a future to all of asyncio without being an `asyncio.Future`: asyncio asks for `_asyncio_future_blocking` on
//! the class (`asyncio.isfuture`) and then uses the methods below. Guarantees:
//! - Callbacks run in the order of their registration, each in its own context: directly from the loop's drain, and by
//!   `call_soon` when the future is settled from within somebody's step (`cancel()`, `set_result()`), where a task must
//!   not be entered.
//! - No Python code runs, and no Python object is dropped, while the state is locked.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::exceptions::{
    PyBaseException, PyException, PyRuntimeError, PyStopIteration, PyTypeError,
};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

use crate::asyncio;
use crate::bridge::{Runner, Target, Task, Work, hub_of, leaves_the_loop};
use crate::cancel::Signal;
use crate::context;
use crate::locals::TaskLocals;
use std::pin::Pin;

/// When a cancelled future is done.
#[derive(Debug, Clone)]
pub(crate) enum CancelPolicy {
    /// At once; an idle Rust future has been dropped when `cancel()` returns.
    AtOnce,
    /// When the Rust future has been dropped.
    AfterDrop,
    /// When the Rust future, which is told, is done; with its result.
    Told(Arc<Signal>),
}

/// A future of asyncio's kind whose result comes from Rust.
#[pyclass(frozen, weakref, module = "pyo3_aio", name = "Future")]
pub(crate) struct RustFuture {
    event_loop: Py<PyAny>,
    state: Mutex<State>,
    /// asyncio's protocol between a future that is yielded and the task that it is yielded to.
    blocking: AtomicBool,
    policy: CancelPolicy,
}

enum State {
    Pending(Pending),
    Done(Py<PyAny>),
    Failed(Failed),
    Cancelled(Cancelled),
}

#[derive(Default)]
struct Pending {
    task: Option<Arc<Task>>,
    callbacks: Vec<Callback>,
    /// A cancellation that the Rust future has still to follow.
    cancelling: Option<Cancelled>,
}

struct Failed {
    error: Py<PyBaseException>,
    traceback: Option<Py<PyAny>>,
    /// Somebody has seen the error, so it need not be reported when the future is dropped.
    retrieved: bool,
}

#[derive(Default)]
struct Cancelled {
    message: Option<Py<PyAny>>,
    /// The exception to raise, where Rust returned one.
    error: Option<Py<PyBaseException>>,
}

struct Callback {
    function: Py<PyAny>,
    context: Py<PyAny>,
}

/// Who settles the future, which decides how its callbacks may run.
#[derive(Clone, Copy)]
enum Settler {
    Drain,
    Step,
}

/// Starts a Rust future and returns the Python future for it.
pub(crate) fn spawn_future<'py>(
    py: Python<'py>,
    work: Pin<Box<dyn Work>>,
    locals: TaskLocals,
    runner: &'static Runner,
    policy: CancelPolicy,
) -> PyResult<Bound<'py, RustFuture>> {
    (runner.ensure_alive)()?;
    let event_loop = locals.event_loop(py);
    let hub = hub_of(&event_loop)?;
    let future = Bound::new(py, RustFuture::new(event_loop.unbind(), policy))?;
    let target = Target {
        future: future.clone().into_any().unbind(),
        settle,
    };
    let task = Task::start(work, target, locals, hub, runner)?;
    future.get().own(task);
    Ok(future)
}

/// Settles the future from its loop's drain.
fn settle(future: &Bound<'_, PyAny>, result: PyResult<Py<PyAny>>) -> PyResult<()> {
    let future = future.cast::<RustFuture>()?;
    let state = future.get().state_for(future.py(), result)?;
    RustFuture::finish(future, state, Settler::Drain)?;
    Ok(())
}

impl RustFuture {
    fn new(event_loop: Py<PyAny>, policy: CancelPolicy) -> Self {
        Self {
            event_loop,
            state: Mutex::new(State::Pending(Pending::default())),
            blocking: AtomicBool::new(false),
            policy,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Only moves and reference counts happen under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn own(&self, task: Arc<Task>) {
        if let State::Pending(pending) = &mut *self.lock() {
            pending.task = Some(task);
        }
    }

    fn pending_task(&self) -> Option<Arc<Task>> {
        match &*self.lock() {
            State::Pending(pending) => pending.task.clone(),
            _ => None,
        }
    }

    /// Asks for the Rust future to be dropped; nobody waits for that.
    pub(crate) fn abandon(&self) {
        if let Some(task) = self.pending_task() {
            task.request_cancel();
        }
    }

    /// Throws an exception into the Rust future, if it wants to be told; false if it does not.
    pub(crate) fn tell(&self, py: Python<'_>, error: &PyErr) -> bool {
        let CancelPolicy::Told(signal) = &self.policy else {
            return false;
        };
        signal.send(error.clone_ref(py));
        true
    }

    /// Has the future cancelled when the Rust future has been dropped; false if it is done.
    fn cancel_after_drop(&self, task: &Task, cancelled: Cancelled) -> bool {
        let mut state = self.lock();
        let State::Pending(pending) = &mut *state else {
            return false;
        };
        let before = pending.cancelling.replace(cancelled);
        drop(state);
        drop(before);
        task.request_cancel();
        true
    }

    /// The result, `None` while pending.
    pub(crate) fn outcome(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        let mut state = self.lock();
        let raised = match &mut *state {
            State::Pending(_) => return None,
            State::Done(value) => return Some(Ok(value.clone_ref(py))),
            State::Failed(failed) => {
                failed.retrieved = true;
                Raised::Failed(
                    failed.error.clone_ref(py),
                    failed
                        .traceback
                        .as_ref()
                        .map(|traceback| traceback.clone_ref(py)),
                )
            }
            State::Cancelled(cancelled) => Raised::Cancelled(cancelled.clone_ref(py)),
        };
        drop(state);
        Some(Err(raised.into_error(py)))
    }

    /// The state for a result; a cancellation that was asked for goes before any other result.
    fn state_for(&self, py: Python<'_>, result: PyResult<Py<PyAny>>) -> PyResult<State> {
        if let State::Pending(pending) = &mut *self.lock() {
            if let Some(cancelled) = pending.cancelling.take() {
                return Ok(State::Cancelled(cancelled));
            }
        }
        match result {
            Ok(value) => Ok(State::Done(value)),
            Err(error) => failed_state(py, error),
        }
    }

    /// Moves to a final state, unless somebody was faster, and runs the callbacks.
    fn finish(future: &Bound<'_, Self>, state: State, settler: Settler) -> PyResult<bool> {
        let mut current = future.get().lock();
        if !matches!(*current, State::Pending(_)) {
            drop(current);
            // What lost the race is dropped here, outside the lock.
            if let State::Failed(mut failed) = state {
                failed.retrieved = true;
            }
            return Ok(false);
        }
        let before = std::mem::replace(&mut *current, state);
        drop(current);
        let State::Pending(Pending { callbacks, .. }) = before else {
            return Ok(false);
        };
        match settler {
            Settler::Drain => run_callbacks(future, callbacks)?,
            Settler::Step => schedule(future, callbacks)?,
        }
        Ok(true)
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(*self.lock(), State::Pending(_))
    }

    fn invalid_state(py: Python<'_>, message: &'static str) -> PyErr {
        match asyncio::invalid_state_error(py) {
            Ok(error) => PyErr::from_type(error.clone(), message),
            Err(error) => error,
        }
    }
}

/// What a look at the outcome raises.
enum Raised {
    Failed(Py<PyBaseException>, Option<Py<PyAny>>),
    Cancelled(Cancelled),
}

impl Raised {
    fn into_error(self, py: Python<'_>) -> PyErr {
        match self {
            // As asyncio does, so that an exception that is raised twice does not collect both tracebacks.
            Self::Failed(error, traceback) => {
                match error
                    .bind(py)
                    .call_method1(intern!(py, "with_traceback"), (traceback,))
                {
                    Ok(error) => PyErr::from_value(error),
                    Err(error) => error,
                }
            }
            Self::Cancelled(cancelled) => cancelled.into_error(py),
        }
    }
}

impl Cancelled {
    fn clone_ref(&self, py: Python<'_>) -> Self {
        Self {
            message: self.message.as_ref().map(|message| message.clone_ref(py)),
            error: self.error.as_ref().map(|error| error.clone_ref(py)),
        }
    }

    fn into_error(self, py: Python<'_>) -> PyErr {
        if let Some(error) = self.error {
            return PyErr::from_value(error.into_bound(py).into_any());
        }
        let cancelled = match asyncio::cancelled_error(py) {
            Ok(cancelled) => cancelled.clone(),
            Err(error) => return error,
        };
        match self.message {
            Some(message) => PyErr::from_type(cancelled, (message,)),
            None => PyErr::from_type(cancelled, ()),
        }
    }
}

fn failed_state(py: Python<'_>, error: PyErr) -> PyResult<State> {
    let error = if error.is_instance_of::<PyStopIteration>(py) {
        stop_iteration_as_runtime_error(py, error)
    } else {
        error
    };
    let is_cancelled = error.matches(py, asyncio::cancelled_error(py)?)?;
    let traceback = error
        .traceback(py)
        .map(|traceback| traceback.into_any().unbind());
    let error = error.into_value(py);
    if is_cancelled {
        return Ok(State::Cancelled(Cancelled {
            message: None,
            error: Some(error),
        }));
    }
    Ok(State::Failed(Failed {
        error,
        traceback,
        retrieved: false,
    }))
}

/// PEP 479's rule for coroutines: a StopIteration that leaves one is a programming error, not its result.
fn stop_iteration_as_runtime_error(py: Python<'_>, error: PyErr) -> PyErr {
    let raised = PyRuntimeError::new_err("the Rust future raised StopIteration");
    raised.set_cause(py, Some(error));
    raised
}

fn run_callbacks(future: &Bound<'_, RustFuture>, callbacks: Vec<Callback>) -> PyResult<()> {
    let py = future.py();
    let mut callbacks = callbacks.into_iter();
    while let Some(callback) = callbacks.next() {
        let call = || callback.function.bind(py).call1((future,));
        match context::run(callback.context.bind(py), call) {
            Ok(Ok(_)) => {}
            Ok(Err(error)) if leaves_the_loop(&error, py) => {
                schedule(future, callbacks.collect())?;
                return Err(error);
            }
            Ok(Err(error)) => report(future, "Exception in a callback of a Rust future", error)?,
            // Entered further up this thread's stack, in a nested loop.
            Err(_in_use) => schedule(future, vec![callback])?,
        }
    }
    Ok(())
}

fn schedule(future: &Bound<'_, RustFuture>, callbacks: Vec<Callback>) -> PyResult<()> {
    callbacks
        .into_iter()
        .try_for_each(|callback| call_soon(future, &callback.function, &callback.context))
}

fn call_soon(
    future: &Bound<'_, RustFuture>,
    function: &Py<PyAny>,
    context: &Py<PyAny>,
) -> PyResult<()> {
    let py = future.py();
    let keywords = PyDict::new(py);
    keywords.set_item(intern!(py, "context"), context)?;
    let event_loop = future.get().event_loop.bind(py);
    event_loop.call_method(
        intern!(py, "call_soon"),
        (function, future),
        Some(&keywords),
    )?;
    Ok(())
}

fn report(future: &Bound<'_, RustFuture>, message: &str, error: PyErr) -> PyResult<()> {
    let py = future.py();
    let context = PyDict::new(py);
    context.set_item("message", message)?;
    context.set_item("exception", error)?;
    context.set_item("future", future)?;
    let event_loop = future.get().event_loop.bind(py);
    event_loop.call_method1("call_exception_handler", (context,))?;
    Ok(())
}

#[pymethods]
impl RustFuture {
    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    /// One step of an `await`: yields the future itself until it is done.
    pub(crate) fn __next__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        match slf.get().outcome(slf.py()) {
            None => {
                slf.get().blocking.store(true, Ordering::Relaxed);
                Ok(slf)
            }
            Some(Ok(value)) => Err(PyStopIteration::new_err((value,))),
            Some(Err(error)) => Err(error),
        }
    }

    #[getter]
    fn _asyncio_future_blocking(&self) -> bool {
        self.blocking.load(Ordering::Relaxed)
    }

    #[setter(_asyncio_future_blocking)]
    fn set_blocking(&self, blocking: bool) {
        self.blocking.store(blocking, Ordering::Relaxed);
    }

    #[getter]
    fn _loop<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.event_loop.bind(py)
    }

    /// Returns the event loop.
    fn get_loop<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.event_loop.bind(py)
    }

    /// Whether the future is done.
    fn done(&self) -> bool {
        !self.is_pending()
    }

    /// Whether the future was cancelled.
    fn cancelled(&self) -> bool {
        matches!(*self.lock(), State::Cancelled(_))
    }

    /// Returns the result, or raises the exception.
    fn result(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.outcome(py)
            .unwrap_or_else(|| Err(Self::invalid_state(py, "Result is not ready.")))
    }

    /// Returns the exception, or None.
    fn exception(&self, py: Python<'_>) -> PyResult<Option<Py<PyBaseException>>> {
        match self.outcome(py) {
            None => Err(Self::invalid_state(py, "Exception is not set.")),
            Some(Ok(_)) => Ok(None),
            Some(Err(error)) if self.cancelled() => Err(error),
            Some(Err(error)) => Ok(Some(error.into_value(py))),
        }
    }

    /// Has a function called with the future when it is done.
    #[pyo3(signature = (function, /, *, context=None))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        function: Py<PyAny>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let context = match context {
            Some(context) => context,
            None => asyncio::copy_context(py)?.call0()?.unbind(),
        };
        let mut state = slf.get().lock();
        if let State::Pending(pending) = &mut *state {
            pending.callbacks.push(Callback { function, context });
            return Ok(());
        }
        drop(state);
        call_soon(slf, &function, &context)
    }

    /// Removes every callback that equals `function`; returns how many there were.
    fn remove_done_callback(&self, function: &Bound<'_, PyAny>) -> PyResult<usize> {
        let py = function.py();
        let known: Vec<_> = match &*self.lock() {
            State::Pending(pending) => pending
                .callbacks
                .iter()
                .map(|c| c.function.clone_ref(py))
                .collect(),
            _ => return Ok(0),
        };
        let mut equal = Vec::new();
        for candidate in known {
            if candidate.bind(py).eq(function)? {
                equal.push(candidate);
            }
        }
        let is_equal = |callback: &Callback| equal.iter().any(|other| other.is(&callback.function));
        let removed = match &mut *self.lock() {
            State::Pending(pending) => {
                let (removed, kept) = std::mem::take(&mut pending.callbacks)
                    .into_iter()
                    .partition(is_equal);
                pending.callbacks = kept;
                removed
            }
            _ => Vec::new(),
        };
        Ok(removed.len())
    }

    /// Cancels the future; False if it is done.
    #[pyo3(signature = (msg=None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        let cancelled = Cancelled {
            message: msg,
            error: None,
        };
        let Some(task) = slf.get().pending_task() else {
            return Self::finish(slf, State::Cancelled(cancelled), Settler::Step);
        };
        match &slf.get().policy {
            CancelPolicy::AtOnce => {
                task.cancel_now(slf.py());
                Self::finish(slf, State::Cancelled(cancelled), Settler::Step)
            }
            CancelPolicy::AfterDrop => Ok(slf.get().cancel_after_drop(&task, cancelled)),
            CancelPolicy::Told(signal) => {
                signal.send(cancelled.into_error(slf.py()));
                Ok(true)
            }
        }
    }

    /// Sets a result from outside; what Rust returns later is dropped.
    fn set_result(slf: &Bound<'_, Self>, result: Py<PyAny>) -> PyResult<()> {
        if Self::finish(slf, State::Done(result), Settler::Step)? {
            return Ok(());
        }
        Err(Self::invalid_state(slf.py(), "the future is done already"))
    }

    /// Sets an exception from outside; what Rust returns later is dropped.
    fn set_exception(slf: &Bound<'_, Self>, exception: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let exception = match exception.cast::<PyType>() {
            Ok(class) => class.call0()?,
            Err(_) => exception.clone(),
        };
        if exception.is_instance_of::<PyStopIteration>() {
            return Err(PyTypeError::new_err(
                "StopIteration interacts badly with generators and cannot be raised into a Future",
            ));
        }
        if !exception.is_instance_of::<PyBaseException>() {
            return Err(PyTypeError::new_err("set_exception() takes an exception"));
        }
        let state = failed_state(py, PyErr::from_value(exception))?;
        if Self::finish(slf, state, Settler::Step)? {
            return Ok(());
        }
        Err(Self::invalid_state(py, "the future is done already"))
    }

    /// `asyncio.gather` asks for it.
    fn _make_cancelled_error(&self, py: Python<'_>) -> Py<PyBaseException> {
        let cancelled = match &*self.lock() {
            State::Cancelled(cancelled) => cancelled.clone_ref(py),
            _ => Cancelled::default(),
        };
        cancelled.into_error(py).into_value(py)
    }

    /// `asyncio.gather` asks for it before Python 3.11.
    #[getter]
    fn _cancel_message(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        match &*self.lock() {
            State::Cancelled(cancelled) => cancelled
                .message
                .as_ref()
                .map(|message| message.clone_ref(py)),
            _ => None,
        }
    }

    #[classmethod]
    fn __class_getitem__<'py>(
        cls: &Bound<'py, PyType>,
        _item: &Bound<'py, PyAny>,
    ) -> Bound<'py, PyType> {
        cls.clone()
    }

    fn __repr__(&self) -> &'static str {
        match &*self.lock() {
            State::Pending(_) => "<Future of Rust pending>",
            State::Cancelled(_) => "<Future of Rust cancelled>",
            State::Done(_) | State::Failed(_) => "<Future of Rust finished>",
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        // Whoever holds the lock is running, so nothing here is garbage.
        let Ok(state) = self.state.try_lock() else {
            return Ok(());
        };
        match &*state {
            State::Pending(pending) => {
                for callback in &pending.callbacks {
                    visit.call(&callback.function)?;
                    visit.call(&callback.context)?;
                }
                Ok(())
            }
            State::Done(value) => visit.call(value),
            State::Failed(failed) => {
                visit.call(&failed.error)?;
                visit.call(&failed.traceback)
            }
            State::Cancelled(cancelled) => {
                visit.call(&cancelled.message)?;
                visit.call(&cancelled.error)
            }
        }
    }

    fn __clear__(&self) {
        let cleared = match &mut *self.lock() {
            State::Pending(pending) => Err(std::mem::take(&mut pending.callbacks)),
            // An error that nobody has seen is still to be reported by the drop.
            State::Failed(failed) if !failed.retrieved => return,
            state => Ok(std::mem::replace(
                state,
                State::Cancelled(Cancelled::default()),
            )),
        };
        drop(cleared);
    }
}

impl Drop for RustFuture {
    /// asyncio's rule (`Future.__del__`): an exception that nobody has seen is told to the loop.
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let State::Failed(Failed {
            error,
            retrieved: false,
            ..
        }) = state
        else {
            return;
        };
        Python::try_attach(|py| {
            let told = tell_unseen(self.event_loop.bind(py), error.bind(py));
            if let Err(error) = told {
                error.write_unraisable(py, None);
            }
        });
    }
}

fn tell_unseen(event_loop: &Bound<'_, PyAny>, error: &Bound<'_, PyBaseException>) -> PyResult<()> {
    if !error.is_instance_of::<PyException>() {
        return Ok(());
    }
    let context = PyDict::new(event_loop.py());
    context.set_item("message", "Future exception was never retrieved")?;
    context.set_item("exception", error)?;
    event_loop.call_method1("call_exception_handler", (context,))?;
    Ok(())
}
