//! The Python future and its settlement.
//!
//! The state ([`State`]) is pending until one of these settles it; the first wins, and what a later one brings is dropped:
//!
//! | settled by | thread | to |
//! | --- | --- | --- |
//! | the hub's drain, with the Rust future's result | the loop's | done, failed or cancelled |
//! | `cancel()` under [`CancelPolicy::AtOnce`] | the caller's | cancelled |
//! | `set_result()`, `set_exception()` | the caller's | done, failed |
//!
//! asyncio's futures belong to the loop's thread, and so do these; the lock is for callers that break this rule.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::bridge::{Lane, Target, Task, Unstarted, calls, hub_of};
use crate::cancel::Signal;
use crate::convert::future_into_py::callbacks::{Callback, DoneFuture, Settler};
use crate::convert::future_into_py::state::{
    Cancelled, OutcomeError, Pending, State, failed_state, returned_state,
};
use crate::panic::catch_call;
use crate::python::asyncio;
use crate::python::attributes::Attributes;
use crate::python::step::Step;
use crate::python::trio;
use crate::python::type_slots;
use crate::task_locals::TaskLocals;

/// The effect of `cancel()`.
#[derive(Debug, Clone)]
pub(crate) enum CancelPolicy {
    /// The future is cancelled at once. A Rust future that is idle is dropped before `cancel()` returns, one that is being
    /// polled when that poll returns.
    AtOnce,
    /// The future is cancelled when the Rust future has been dropped.
    AfterDrop,
    /// The Rust future receives the exception and decides: its result settles the future.
    Signal(Arc<Signal>),
}

/// A future that behaves as an `asyncio.Future`, and whose result comes from Rust.
#[pyclass(frozen, weakref, module = "pyo3_aio", name = "Future")]
pub(crate) struct RustFuture {
    pub(crate) event_loop: Py<PyAny>,
    pub(crate) state: Mutex<State>,
    /// `_asyncio_future_blocking`: set when the future is yielded, and cleared by the task that gets it.
    pub(crate) blocking: AtomicBool,
    pub(crate) policy: CancelPolicy,
    /// `_source_traceback`, in asyncio's debug mode.
    pub(crate) source: Option<Py<PyAny>>,
    pub(crate) attributes: Attributes,
}

/// Spawns a Rust future on its runtime, and returns the Python future for its result.
///
/// # Errors
///
/// `RuntimeError`: the loop is closed, the runtime was left behind by a fork, or the loop runs within a poll of the runtime.
pub(crate) fn spawn_future<'py>(
    py: Python<'py>,
    unstarted: Unstarted,
    locals: TaskLocals,
    policy: CancelPolicy,
) -> PyResult<Bound<'py, RustFuture>> {
    let event_loop = locals.event_loop(py);
    let Some(_call) = calls::enter(py) else {
        // Not dropped, which may wait: the process ends.
        std::mem::forget(unstarted);
        return RustFuture::create_for_ever(event_loop, policy);
    };
    unstarted.ensure_runtime()?;
    trio::refuse_token(
        &event_loop,
        "trio awaits no futures: return a coroutine, made by into_coroutine, in place of future_into_py",
    )?;
    unstarted.ensure_unblocked(|| asyncio::is_running_here(&event_loop))?;
    let hub = hub_of(&event_loop)?;
    let source = asyncio::source_traceback(&event_loop)?;
    let future = RustFuture::create(event_loop, policy, source)?;
    let target = Target {
        future: future.clone().into_any(),
        settle,
    };
    let task = Task::start(py, unstarted, target, locals, hub)?;
    if let State::Pending(pending) = &mut *future.get().lock() {
        pending.task = Some(task);
    }
    Ok(future)
}

/// Makes the step with which a coroutine stays suspended for ever, on a thread that runs a loop while the interpreter exits on
/// another one: its task waits for a future that nobody settles. A thread without such a loop is parked.
#[cold]
pub(crate) fn suspend_for_ever(py: Python<'_>) -> PyResult<Step> {
    match asyncio::get_running_loop(py) {
        Ok(event_loop) => {
            let future = RustFuture::create_for_ever(event_loop, CancelPolicy::AtOnce)?;
            Ok(RustFuture::yield_to_task(&future))
        }
        Err(_) => calls::park(py),
    }
}

/// Settles the future with the Rust future's result. The hub's drain calls it, on the loop's thread.
fn settle(future: &Bound<'_, PyAny>, result: PyResult<Py<PyAny>>) -> PyResult<()> {
    let future = future.cast::<RustFuture>()?;
    // A `PyErr` makes its exception when it is first looked at, by code of the user's that may panic.
    let state = catch_call(|| future.get().final_state(future.py(), result));
    let state = match state {
        Ok(state) => state?,
        Err(caught) => failed_state(future.py(), caught.into()),
    };
    RustFuture::finish(future, state, Settler::Drain)?;
    Ok(())
}

impl RustFuture {
    /// Makes one that is pending, and that nobody settles yet.
    fn create(
        event_loop: Bound<'_, PyAny>,
        policy: CancelPolicy,
        source: Option<Py<PyAny>>,
    ) -> PyResult<Bound<'_, Self>> {
        static INSTALLED: PyOnceLock<()> = PyOnceLock::new();
        let py = event_loop.py();
        INSTALLED.get_or_init(py, || type_slots::install_finalizer::<Self>(py));
        let future = Self {
            event_loop: event_loop.unbind(),
            state: Mutex::new(State::Pending(Pending::default())),
            blocking: AtomicBool::new(false),
            policy,
            source,
            attributes: Attributes::default(),
        };
        Bound::new(py, future)
    }

    /// Makes one that nobody settles, as the interpreter exits on another thread.
    ///
    /// A reference is leaked. Otherwise the future and the task that awaits it would be garbage, and the collector's last run
    /// would have the task report that it was destroyed while it was pending.
    #[cold]
    fn create_for_ever(
        event_loop: Bound<'_, PyAny>,
        policy: CancelPolicy,
    ) -> PyResult<Bound<'_, Self>> {
        let future = Self::create(event_loop, policy, None)?;
        std::mem::forget(future.clone());
        Ok(future)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        // Only moves and reference counts happen under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn pending_task(&self) -> Option<Arc<Task>> {
        match &*self.lock() {
            State::Pending(pending) => pending.task.clone(),
            _ => None,
        }
    }

    /// Makes the step that yields the future to a task. The task finds `_asyncio_future_blocking` set, as by an `await`
    /// (`Future.__await__`), and sets it back.
    pub(crate) fn yield_to_task(future: &Bound<'_, Self>) -> Step {
        future.get().blocking.store(true, Ordering::Relaxed);
        Step::Yielded(future.clone().into_any().unbind())
    }

    /// Asks the runtime to drop the Rust future, and does not wait for that.
    pub(crate) fn abandon(&self) {
        if let Some(task) = self.pending_task() {
            task.request_cancel();
        }
    }

    /// Sends an exception to the Rust future's signal. False if it has no signal, or has finished.
    pub(crate) fn send_cancel_signal(&self, error: impl FnOnce() -> PyErr) -> bool {
        let CancelPolicy::Signal(signal) = &self.policy else {
            return false;
        };
        let can_receive = self.pending_task().is_some_and(|task| !task.has_finished());
        if can_receive {
            signal.send(error());
        }
        can_receive
    }

    /// Asks the runtime to drop the Rust future, and remembers to cancel this future then. False if it is done.
    pub(crate) fn cancel_after_drop(&self, task: &Task, cancelled: Cancelled) -> bool {
        let mut state = self.lock();
        let State::Pending(pending) = &mut *state else {
            return false;
        };
        let before = pending.cancelling.replace(Box::new(cancelled));
        drop(state);
        drop(before);
        task.request_cancel();
        true
    }

    /// Returns the result, and counts an exception as retrieved. `None` while pending.
    pub(crate) fn outcome(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        let mut state = self.lock();
        let error = match &mut *state {
            State::Pending(_) => return None,
            State::Done(value) => return Some(Ok(value.clone_ref(py))),
            State::Failed(failed) => {
                failed.retrieved = true;
                OutcomeError::Failed(failed.exception.clone_ref(py))
            }
            State::Cancelled(cancelled) => OutcomeError::Cancelled(cancelled.clone_ref(py)),
        };
        drop(state);
        Some(Err(error.into_error(py)))
    }

    /// Makes the final state for a result. A cancellation that waits for the Rust future's end goes before any result.
    pub(crate) fn final_state(
        &self,
        py: Python<'_>,
        result: PyResult<Py<PyAny>>,
    ) -> PyResult<State> {
        if let State::Pending(pending) = &mut *self.lock() {
            if let Some(cancelled) = pending.cancelling.take() {
                return Ok(State::Cancelled(*cancelled));
            }
        }
        match result {
            Ok(value) => Ok(State::Done(value)),
            Err(error) => returned_state(py, error),
        }
    }

    /// Moves to a final state and runs the callbacks. False if the future is done already.
    pub(crate) fn finish(
        future: &Bound<'_, Self>,
        state: State,
        settler: Settler,
    ) -> PyResult<bool> {
        let mut current = future.get().lock();
        if !matches!(*current, State::Pending(_)) {
            drop(current);
            // `state` is dropped here, outside the lock.
            if let State::Failed(mut failed) = state {
                failed.retrieved = true;
            }
            return Ok(false);
        }
        let before = std::mem::replace(&mut *current, state);
        drop(current);
        let State::Pending(Pending {
            task, callbacks, ..
        }) = before
        else {
            return Ok(false);
        };
        if let Some(task) = task {
            task.forget_target();
        }
        match settler {
            Settler::Drain => {
                Self::as_done(future).run_callbacks(callbacks.into_iter(), Lane::FromThreads)?;
            }
            Settler::Step => Self::schedule(future, callbacks)?,
        }
        Ok(true)
    }

    /// Has callbacks of a future that is done called in the loop's next iteration.
    pub(crate) fn schedule(future: &Bound<'_, Self>, callbacks: Vec<Callback>) -> PyResult<()> {
        Self::as_done(future).schedule(callbacks)
    }

    fn as_done<'a, 'py>(future: &'a Bound<'py, Self>) -> DoneFuture<'a, 'py> {
        DoneFuture {
            object: future.as_any(),
            event_loop: future.get().event_loop.bind(future.py()),
        }
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(*self.lock(), State::Pending(_))
    }
}
