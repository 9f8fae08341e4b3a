//! The iterator of an `await` of a future: asyncio's `FutureIter` (`Modules/_asynciomodule.c`).
//!
//! It is an object of its own because `anext(iterator, default)` calls its `send`, `throw` and `close`
//! (`anextawaitable_proxy` in `Objects/iterobject.c`). A future that had these methods besides `__await__` would count as a
//! `collections.abc.Coroutine`.
//!
//! The thread that awaits makes, steps and drops it: the event loop's.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::convert::future_into_py::future::RustFuture;
use crate::python::exceptions::of_cpython::Misuse;
use crate::python::exceptions::throw_arguments::exception_from;
use crate::python::step::{Step, step_in_method};
use crate::python::type_slots;
use crate::python::type_slots::Steps;

/// One `await` of a [`RustFuture`].
#[pyclass(frozen, module = "pyo3_aio", name = "FutureIter")]
pub(crate) struct FutureIterator {
    future: Py<RustFuture>,
    /// It has returned the result, or raised, or was closed; steps end at once.
    is_finished: AtomicBool,
}

impl FutureIterator {
    pub(crate) fn create<'py>(future: &Bound<'py, RustFuture>) -> PyResult<Bound<'py, Self>> {
        let py = future.py();
        static INSTALLED: PyOnceLock<()> = PyOnceLock::new();
        INSTALLED.get_or_init(py, || type_slots::install::<Self>(py));
        let iterator = Self {
            future: future.clone().unbind(),
            is_finished: AtomicBool::new(false),
        };
        Bound::new(py, iterator)
    }
}

impl Steps for FutureIterator {
    /// Yields the future until it is done, and ends with its result. What is sent does not matter.
    fn step(slf: &Bound<'_, Self>, _sent: &Bound<'_, PyAny>) -> PyResult<Step> {
        let py = slf.py();
        let iterator = slf.get();
        if iterator.is_finished.load(Ordering::Relaxed) {
            return Ok(Step::Returned(py.None()));
        }
        let future = iterator.future.bind(py);
        if let Some(result) = future.get().outcome(py) {
            iterator.is_finished.store(true, Ordering::Relaxed);
            return result.map(Step::Returned);
        }
        if future.get().blocking.load(Ordering::Relaxed) {
            // Nobody took the future from the step before, as a task does.
            return Err(Misuse::STEP_FUTURE_THAT_NOBODY_TOOK.error(py));
        }
        Ok(RustFuture::yield_to_task(future))
    }
}

#[pymethods]
impl FutureIterator {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        step_in_method(|| Self::step(slf, slf))
    }

    /// Steps, as `next` does.
    fn send(slf: &Bound<'_, Self>, value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        step_in_method(|| Self::step(slf, value))
    }

    /// Raises the exception, and ends. The future stays as it is.
    #[pyo3(signature = (kind, value=None, traceback=None, /))]
    fn throw(
        &self,
        kind: &Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let error = exception_from(kind, value, traceback)?;
        self.close();
        Err(error)
    }

    /// Ends. The future stays as it is.
    fn close(&self) {
        self.is_finished.store(true, Ordering::Relaxed);
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.future)
    }
}
