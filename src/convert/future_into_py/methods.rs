//! The future's Python methods: those of `asyncio.Future`, with its rules and texts (`Lib/asyncio/futures.py`).

use std::sync::atomic::Ordering;

use pyo3::exceptions::{PyBaseException, PyStopIteration, PyValueError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::convert::future_into_py::callbacks::{Callback, Settler};
use crate::convert::future_into_py::future::{CancelPolicy, RustFuture};
use crate::convert::future_into_py::iterator::FutureIterator;
use crate::convert::future_into_py::state::{Cancelled, State, failed_state};
use crate::python::asyncio;
use crate::python::contextvars;
use crate::python::exceptions::of_cpython;
use crate::python::exceptions::of_cpython::Misuse;

#[pymethods]
impl RustFuture {
    fn __await__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, FutureIterator>> {
        FutureIterator::create(slf)
    }

    fn __iter__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, FutureIterator>> {
        FutureIterator::create(slf)
    }

    /// `isinstance` asks for it where the type of an object is another one (`object_isinstance` in `Objects/abstract.c`).
    #[getter]
    fn __class__<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyType>> {
        asyncio::future_type(py)
    }

    /// Called where the class has no such attribute.
    fn __getattr__<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        slf.get().attributes.get(slf, name)
    }

    fn __setattr__<'py>(
        slf: &Bound<'py, Self>,
        name: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<()> {
        slf.get().attributes.set(slf, name, Some(value))
    }

    fn __delattr__<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyAny>) -> PyResult<()> {
        slf.get().attributes.set(slf, name, None)
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

    #[getter]
    fn _source_traceback(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.source.as_ref().map(|source| source.clone_ref(py))
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
            .unwrap_or_else(|| Err(Misuse::RESULT_OF_PENDING_FUTURE.error(py)))
    }

    /// Returns the exception, or None.
    fn exception(&self, py: Python<'_>) -> PyResult<Option<Py<PyBaseException>>> {
        let mut state = self.lock();
        let cancelled = match &mut *state {
            State::Pending(_) => None,
            State::Done(_) => return Ok(None),
            State::Failed(failed) => {
                failed.retrieved = true;
                return Ok(Some(failed.exception.value.clone_ref(py)));
            }
            State::Cancelled(cancelled) => Some(cancelled.clone_ref(py)),
        };
        drop(state);
        Err(match cancelled {
            Some(cancelled) => cancelled.into_error(py),
            None => Misuse::EXCEPTION_OF_PENDING_FUTURE.error(py),
        })
    }

    /// Calls a function with the future when it is done.
    #[pyo3(signature = (function, /, *, context=None))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        function: Py<PyAny>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let context = match context {
            Some(context) => context,
            None => contextvars::copy_current(py)?.unbind(),
        };
        let mut state = slf.get().lock();
        if let State::Pending(pending) = &mut *state {
            if pending.callbacks.is_empty() {
                // Most futures have one callback.
                pending.callbacks.reserve_exact(1);
            }
            pending.callbacks.push(Callback::new(function, context));
            return Ok(());
        }
        drop(state);
        Self::schedule(slf, vec![Callback::new(function, context)])
    }

    /// Removes every callback that equals `function`; returns how many there were.
    #[pyo3(signature = (function, /))]
    fn remove_done_callback(&self, function: &Bound<'_, PyAny>) -> PyResult<usize> {
        let py = function.py();
        let known: Vec<_> = match &*self.lock() {
            State::Pending(pending) => pending
                .callbacks
                .iter()
                .map(|c| c.function().clone_ref(py))
                .collect(),
            _ => return Ok(0),
        };
        let mut equal = Vec::new();
        for candidate in known {
            if candidate.bind(py).eq(function)? {
                equal.push(candidate);
            }
        }
        let is_equal =
            |callback: &Callback| equal.iter().any(|other| other.is(callback.function()));
        let removed = match &mut *self.lock() {
            State::Pending(pending) => {
                let (removed, remaining) = std::mem::take(&mut pending.callbacks)
                    .into_iter()
                    .partition(is_equal);
                pending.callbacks = remaining;
                removed
            }
            _ => Vec::new(),
        };
        Ok(removed.len())
    }

    /// Cancels the future; False if it is done.
    #[pyo3(signature = (msg=None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        slf.get().mark_retrieved();
        let cancelled = Cancelled {
            message: msg,
            exception: None,
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
            // After a False, `Task.cancel` cancels the task's next step: right where the Rust future has finished already.
            CancelPolicy::Signal(_) => Ok(slf
                .get()
                .send_cancel_signal(|| cancelled.into_error(slf.py()))),
        }
    }

    /// Sets a result. The Rust future's own is dropped when it comes.
    #[pyo3(signature = (result, /))]
    fn set_result(slf: &Bound<'_, Self>, result: Py<PyAny>) -> PyResult<()> {
        if Self::finish(slf, State::Done(result), Settler::Step)? {
            return Ok(());
        }
        Err(Misuse::SETTLE_SETTLED_FUTURE.error(slf.py()))
    }

    /// Sets an exception. The Rust future's own result is dropped when it comes.
    #[pyo3(signature = (exception, /))]
    fn set_exception(slf: &Bound<'_, Self>, exception: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        if !slf.get().is_pending() {
            return Err(Misuse::SETTLE_SETTLED_FUTURE.error(py));
        }
        let is_plain = exception.is_instance_of::<PyBaseException>()
            && !exception.is_instance_of::<PyStopIteration>();
        let error = match is_plain {
            true => PyErr::from_value(exception.clone()),
            // A class, a StopIteration (github.com/python/cpython/issues/112182) or an error.
            false => of_cpython::exception_of_failed_future(exception)?,
        };
        let state = failed_state(py, error);
        if Self::finish(slf, state, Settler::Step)? {
            return Ok(());
        }
        Err(Misuse::SETTLE_SETTLED_FUTURE.error(py))
    }

    /// Called by `asyncio.gather`.
    fn _make_cancelled_error(&self, py: Python<'_>) -> Py<PyBaseException> {
        let cancelled = match &*self.lock() {
            State::Cancelled(cancelled) => cancelled.clone_ref(py),
            _ => Cancelled::default(),
        };
        cancelled.into_error(py).into_value(py)
    }

    /// Read by `asyncio.gather` before Python 3.11.
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

    #[setter(_cancel_message)]
    fn set_cancel_message(&self, message: Option<Py<PyAny>>) {
        let cancelled = Cancelled {
            message,
            exception: None,
        };
        let mut state = self.lock();
        if let State::Cancelled(current) = &mut *state {
            let before = std::mem::replace(current, cancelled);
            drop(state);
            drop(before);
        }
    }

    #[classmethod]
    fn __class_getitem__<'py>(
        cls: &Bound<'py, PyType>,
        item: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        asyncio::generic_alias(item.py())?.call1((cls, item))
    }

    fn __repr__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        asyncio::future_repr(slf)
    }

    /// Called by `Future.__repr__` before Python 3.11.
    fn _repr_info<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        asyncio::future_repr_info(slf.py())?.call1((slf,))
    }

    #[getter]
    fn _state(&self) -> &'static str {
        match &*self.lock() {
            State::Pending(_) => "PENDING",
            State::Cancelled(_) => "CANCELLED",
            State::Done(_) | State::Failed(_) => "FINISHED",
        }
    }

    #[getter]
    fn _result(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        match &*self.lock() {
            State::Done(value) => Some(value.clone_ref(py)),
            _ => None,
        }
    }

    /// The exception, which does not count as retrieved.
    #[getter]
    fn _exception(&self, py: Python<'_>) -> Option<Py<PyBaseException>> {
        match &*self.lock() {
            State::Failed(failed) => Some(failed.exception.value.clone_ref(py)),
            _ => None,
        }
    }

    /// The callbacks with their contexts, or None.
    #[getter]
    fn _callbacks(&self, py: Python<'_>) -> Option<Vec<(Py<PyAny>, Py<PyAny>)>> {
        match &*self.lock() {
            State::Pending(pending) if !pending.callbacks.is_empty() => Some(
                pending
                    .callbacks
                    .iter()
                    .map(|callback| callback.to_pair(py))
                    .collect(),
            ),
            _ => None,
        }
    }

    /// What `asyncio.capture_call_graph` reads from Python 3.14 on: nothing, as asyncio keeps who awaits a future in its own
    /// classes only (`future_awaited_by_add` in CPython's `Modules/_asynciomodule.c`).
    #[getter]
    fn _asyncio_awaited_by(&self) -> Option<Py<PyAny>> {
        None
    }

    #[getter]
    fn _log_traceback(&self) -> bool {
        matches!(&*self.lock(), State::Failed(failed) if !failed.retrieved)
    }

    #[setter(_log_traceback)]
    fn set_log_traceback(&self, log: bool) -> PyResult<()> {
        if log {
            return Err(PyValueError::new_err(
                "_log_traceback can only be set to False",
            ));
        }
        self.mark_retrieved();
        Ok(())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.event_loop)?;
        visit.call(&self.source)?;
        self.attributes.traverse(&visit)?;
        // Whoever holds the lock is running, so that this object is not garbage.
        let Ok(state) = self.state.try_lock() else {
            return Ok(());
        };
        match &*state {
            State::Pending(pending) => {
                let mut callbacks = pending.callbacks.iter();
                callbacks.try_for_each(|callback| callback.traverse(&visit))?;
                match &pending.cancelling {
                    Some(cancelling) => cancelling.traverse(&visit),
                    None => Ok(()),
                }
            }
            State::Done(value) => visit.call(value),
            State::Failed(failed) => failed.exception.traverse(&visit),
            State::Cancelled(cancelled) => cancelled.traverse(&visit),
        }
    }

    fn __clear__(&self) {
        let cleared = match &mut *self.lock() {
            State::Pending(pending) => Err((
                std::mem::take(&mut pending.callbacks),
                pending.cancelling.take(),
            )),
            // The drop has still to report the exception.
            State::Failed(failed) if !failed.retrieved => return,
            state => Ok(std::mem::replace(
                state,
                State::Cancelled(Cancelled::default()),
            )),
        };
        drop(cleared);
    }
}
