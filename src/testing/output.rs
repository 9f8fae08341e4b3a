//! Gives what Python prints to the test that it was printed for.
//!
//! `sys.stdout` and `sys.stderr` are replaced by objects that ask for the test of the thread, then for that of the
//! context; what belongs to no test, or to one whose output is not captured, goes where it went before.
//!
//! `print`, `logging`, `warnings`, tracebacks and what Python reports of errors that nobody can receive all end there,
//! from threads and thread pools as well. What does not: writes of coroutines to the file descriptors past these
//! objects, and threads that they start past `threading` (by `_thread.start_new_thread`, or in C).

use std::sync::Arc;

use libtest_async::capture;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyString};

use super::{current_test, leaks, threads};
use crate::surroundings::{self, Surround};

/// Stands for `sys.stdout` or `sys.stderr`.
#[pyclass(frozen, module = "pyo3_aio.testing")]
struct Stream {
    original: Py<PyAny>,
}

#[pymethods]
impl Stream {
    fn write(&self, py: Python<'_>, text: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        if let Some(text) = text
            .cast::<PyString>()
            .ok()
            .and_then(|text| text.to_cow().ok())
        {
            if append(py, &text)? {
                return Ok(text.chars().count().into_pyobject(py)?.into_any().unbind());
            }
        }
        // Not a string, or one with lone surrogates: the original knows what to do.
        self.original
            .call_method1(py, intern!(py, "write"), (text,))
    }

    fn writelines(&self, py: Python<'_>, lines: Bound<'_, PyAny>) -> PyResult<()> {
        for line in lines.try_iter()? {
            self.write(py, line?)?;
        }
        Ok(())
    }

    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.original
            .call_method0(py, intern!(py, "flush"))
            .map(drop)
    }

    fn __getattr__(&self, py: Python<'_>, name: Bound<'_, PyString>) -> PyResult<Py<PyAny>> {
        self.original.getattr(py, name)
    }
}

/// Appends to the output of the current test; false when there is none, or it is not captured.
fn append(py: Python<'_>, text: &str) -> PyResult<bool> {
    if capture::Context::current().append(text.as_bytes()) {
        return Ok(true);
    }
    let test = current_test::of_context(py)?;
    Ok(test.is_some_and(|test| test.get().0.append(text.as_bytes())))
}

/// Has the futures that a test converts print into that test's output, whoever polls them.
pub(super) fn surround_tasks() {
    surroundings::find_by(|py| {
        let own = capture::Context::current();
        if own.test_name().is_some() {
            return Some(Arc::new(own));
        }
        let test = current_test::of_context(py?).ok()??;
        Some(Arc::new(test.get().0.clone()))
    });
}

impl Surround for capture::Context {
    fn run(&self, work: &mut dyn FnMut()) {
        Self::run(self, work);
    }
}

/// The objects that were replaced; [`restore`](Self::restore) puts them back.
pub(super) struct Redirected {
    stdout: Py<PyAny>,
    stderr: Py<PyAny>,
    event_loop: Py<PyAny>,
    exception_handler: Py<PyAny>,
    /// The filter for coroutines that nobody awaited.
    warning: Py<PyAny>,
    /// Puts back what starts threads.
    restore_threads: Py<PyAny>,
}

impl Redirected {
    /// Replaces the standard streams, and the exception handler of the loop, whose tasks remember their tests.
    pub(super) fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = event_loop.py();
        let exception_handler = report_to_tests(event_loop)?;
        surround_tasks();
        Ok(Self {
            stdout: replace(py, "stdout")?,
            stderr: replace(py, "stderr")?,
            event_loop: event_loop.clone().unbind(),
            exception_handler,
            warning: leaks::warn_always(py)?,
            restore_threads: threads::install(py)?,
        })
    }

    /// Flushes the streams and puts back what was there.
    pub(super) fn restore(self, py: Python<'_>) -> PyResult<()> {
        crate::entry::flush(py);
        let sys = py.import("sys")?;
        sys.setattr("stdout", self.stdout)?;
        sys.setattr("stderr", self.stderr)?;
        self.event_loop
            .call_method1(py, "set_exception_handler", (self.exception_handler,))?;
        self.restore_threads.call0(py)?;
        leaks::restore(self.event_loop.bind(py), &self.warning)
    }
}

/// Gives the reports of a loop to the tests, unless somebody has set a handler, and has its tasks remember their tests;
/// returns the handler that was set.
pub(super) fn report_to_tests(event_loop: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
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

/// Replaces a stream of `sys` and returns the original, which from now on writes whole lines at once.
fn replace(py: Python<'_>, name: &str) -> PyResult<Py<PyAny>> {
    let sys = py.import("sys")?;
    let original = sys.getattr(name)?;
    if original.is_none() {
        return Ok(original.unbind());
    }
    let line_buffering = PyDict::new(py);
    line_buffering.set_item("line_buffering", true)?;
    // Only `io.TextIOWrapper` has the method; another stream is somebody's own, and stays as it is.
    let _ = original.call_method("reconfigure", (), Some(&line_buffering));
    sys.setattr(
        name,
        Stream {
            original: original.clone().unbind(),
        },
    )?;
    Ok(original.unbind())
}

/// Calls the loop's default exception handler in the context of the task or handle that it is about.
///
/// asyncio calls the handler from wherever the garbage collector or the loop happens to be.
fn report_in_context(event_loop: &Bound<'_, PyAny>, report: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = event_loop.py();
    let default = event_loop.getattr(intern!(py, "default_exception_handler"))?;
    match context_of(report) {
        // A copy, since the context itself may be the one that is entered just now.
        Some(context) => context
            .call_method0(intern!(py, "copy"))?
            .call_method1(intern!(py, "run"), (default, report))?,
        None => default.call1((report,))?,
    };
    Ok(())
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
