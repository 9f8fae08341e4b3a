//! Gives what Python prints to the test that it was printed for.
//!
//! `sys.stdout` and `sys.stderr` are replaced by objects that ask for the test of the thread, then for that of the
//! context; what belongs to no test, or to one whose output is not captured, goes where it went before.
//!
//! `print`, `logging`, `warnings`, tracebacks and what Python reports of errors that nobody can receive all end there,
//! from threads and thread pools as well. The thread of a loop has the test of the callback that it runs, so that
//! writes past these objects are captured there too; uvloop's callbacks run where nobody can tell.

use std::sync::Arc;

use libtest_async::capture;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use crate::instrument;
use crate::instrument::Instrument;
use crate::testing::python::current_test;
use crate::testing::python::handles::Handles;
use crate::testing::python::leaks;
use crate::testing::python::standard_streams::Streams;
use crate::testing::python::threads;

/// Has the futures that a test converts print into that test's output, whoever polls them.
pub(crate) fn instrument_tasks() {
    instrument::set_finder(|py| {
        let own = capture::Context::current();
        if own.test_name().is_some() {
            return Some(Arc::new(own));
        }
        let test = current_test::of_context(py?).ok()??;
        Some(Arc::new(test.get().0.clone()))
    });
}

impl Instrument for capture::Context {
    fn run(&self, work: &mut dyn FnMut()) {
        Self::run(self, work);
    }
}

/// The objects that were replaced; [`restore`](Self::restore) puts them back.
pub(crate) struct Redirected {
    pub(crate) streams: Arc<Streams>,
    event_loop: Py<PyAny>,
    exception_handler: Py<PyAny>,
    /// The filter for coroutines that nobody awaited.
    warning: Py<PyAny>,
    /// Puts back what starts threads.
    restore_threads: Py<PyAny>,
    handles: Handles,
}

impl Redirected {
    /// Replaces the standard streams, and the exception handler of the loop, whose tasks remember their tests.
    pub(crate) fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = event_loop.py();
        let exception_handler = report_to_tests(event_loop)?;
        instrument_tasks();
        Ok(Self {
            streams: Arc::new(Streams::replace(py)?),
            event_loop: event_loop.clone().unbind(),
            exception_handler,
            warning: leaks::warn_always(py)?,
            restore_threads: threads::install(py)?,
            handles: Handles::new(py)?,
        })
    }

    /// Flushes the streams and puts back what was there. Returns the first error.
    pub(crate) fn restore(self, py: Python<'_>) -> PyResult<()> {
        crate::program::entry::flush(py);
        let event_loop = self.event_loop.bind(py);
        let handler = (self.exception_handler,);
        // All of it, whatever becomes of each.
        let restored = [
            self.streams.restore(py),
            event_loop
                .call_method1("set_exception_handler", handler)
                .map(drop),
            self.restore_threads.call0(py).map(drop),
            self.handles.restore(py),
            leaks::restore(event_loop, &self.warning),
        ];
        restored.into_iter().collect()
    }
}

/// Gives the reports of a loop to the tests, unless somebody has set a handler, and has its tasks remember their tests;
/// returns the handler that was set.
pub(crate) fn report_to_tests(event_loop: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let former = event_loop.call_method0("get_exception_handler")?;
    if former.is_none() {
        let handler = PyCFunction::new_closure(event_loop.py(), None, None, |args, _| {
            let (event_loop, report) = args.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>)>()?;
            report_in_context(&event_loop, &report)
        })?;
        event_loop.call_method1("set_exception_handler", (handler,))?;
    }
    leaks::watch(event_loop)?;
    Ok(former.unbind())
}

/// Calls the loop's default exception handler in the context of the task or handle that it is about.
///
/// asyncio calls the handler from wherever the garbage collector or the loop happens to be.
fn report_in_context(event_loop: &Bound<'_, PyAny>, report: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = event_loop.py();
    let default = event_loop.getattr(intern!(py, "default_exception_handler"))?;
    let Some(context) = context_of(report) else {
        return default.call1((report,)).map(drop);
    };
    let test = current_test::of(&context)?;
    // A copy, since the context itself may be the one that is entered just now.
    let context = context.call_method0(intern!(py, "copy"))?;
    let call = || context.call_method1(intern!(py, "run"), (default, report));
    match test {
        Some(test) => test.get().0.run(call),
        None => call(),
    }
    .map(drop)
}

/// The context of a task (Python 3.12), else of a handle; futures have none.
fn context_of<'py>(report: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let part = |name| {
        report
            .call_method1(intern!(report.py(), "get"), (name,))
            .ok()
    };
    let task = [part("task"), part("future")].into_iter().flatten();
    let of_task = task
        .filter_map(|task| task.call_method0("get_context").ok())
        .next();
    of_task.or_else(|| part("handle")?.getattr("_context").ok())
}
