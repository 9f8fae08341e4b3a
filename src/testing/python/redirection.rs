//! Redirects Python's output to the test that it belongs to.
//!
//! `sys.stdout` and `sys.stderr` are replaced by objects that write to the test of the thread, or else of the context. Text of
//! no test, or of one whose output is not captured, goes to the original stream.
//!
//! `print`, `logging`, `warnings`, tracebacks, `sys.unraisablehook` and `threading.excepthook` write to these objects, also from
//! threads and thread pools. Text that bypasses them is captured on a loop's thread too, since that thread enters the capture
//! scope of the test whose callback it runs; uvloop's callbacks, which are compiled, are exempt.

use std::sync::Arc;

use libtest_async::capture;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::current_test;
use super::handles::HandlePatch;
use super::leaks;
use super::standard_streams::StandardStreams;
use super::threads;
use crate::instrument;
use crate::instrument::Instrument;

/// Has the Rust futures that a test converts polled in that test's capture scope, on whichever thread.
fn instrument_futures() {
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

/// The objects that were replaced, until [`restore`](Self::restore).
pub(crate) struct Redirection {
    pub(crate) streams: Arc<StandardStreams>,
    event_loop: Py<PyAny>,
    exception_handler: Py<PyAny>,
    /// The warnings filter for coroutines that were never awaited.
    warning: Py<PyAny>,
    /// Restores the methods that start threads.
    restore_threads: Py<PyAny>,
    handles: HandlePatch,
}

impl Redirection {
    /// Replaces the standard streams, the loop's exception handler and task factory, and the methods that start threads.
    pub(crate) fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = event_loop.py();
        let exception_handler = report_to_tests(event_loop)?;
        instrument_futures();
        Ok(Self {
            streams: Arc::new(StandardStreams::replace(py)?),
            event_loop: event_loop.clone().unbind(),
            exception_handler,
            warning: leaks::warn_always(py)?,
            restore_threads: threads::install(py)?,
            handles: HandlePatch::new(py)?,
        })
    }

    /// Flushes the streams and restores the originals. Returns the first error.
    pub(crate) fn restore(self, py: Python<'_>) -> PyResult<()> {
        crate::program::entry::flush(py);
        let event_loop = self.event_loop.bind(py);
        let handler = (self.exception_handler,);
        // An array, so that one error does not keep the others from being restored.
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

/// Has a loop report errors to the test that they belong to, unless a handler is set already, and has its tasks record
/// their tests. Returns the handler that was set.
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
/// asyncio calls the handler from destructors too (`Task.__del__`), and then in the context of whichever code runs.
fn report_in_context(event_loop: &Bound<'_, PyAny>, report: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = event_loop.py();
    let default = event_loop.getattr(intern!(py, "default_exception_handler"))?;
    let Some(context) = context_of(report) else {
        return default.call1((report,)).map(drop);
    };
    let test = current_test::of(&context)?;
    // A copy, because a context that is entered already cannot be entered again (`Context.run` raises RuntimeError).
    let context = context.call_method0(intern!(py, "copy"))?;
    let call = || context.call_method1(intern!(py, "run"), (default, report));
    match test {
        Some(test) => test.get().0.run(call),
        None => call(),
    }
    .map(drop)
}

/// Returns the context of the task that a report is about (Python 3.12), or else of the handle; futures have none.
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
