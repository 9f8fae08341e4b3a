//! What stands for `sys.stdout` and `sys.stderr`, also after a test has put something else there.

use std::sync::Arc;

use libtest_async::capture;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::testing::python::current_test;
use crate::testing::python::leaks;
use crate::testing::session::session::Session;

/// Stands for `sys.stdout` or `sys.stderr`.
#[pyclass(frozen, module = "pyo3_aio.testing")]
struct Stream {
    original: Py<PyAny>,
}

#[pymethods]
impl Stream {
    fn write(&self, py: Python<'_>, text: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        if let Ok(text) = text.cast::<PyString>() {
            if self.append(text)? {
                return Ok(text.len()?.into_pyobject(py)?.into_any().unbind());
            }
        }
        // Not a string, or of no test: the original knows what to do.
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

impl Stream {
    /// Appends to the output of the current test; false when there is none, or it is not captured.
    fn append(&self, text: &Bound<'_, PyString>) -> PyResult<bool> {
        let py = text.py();
        match text.to_cow() {
            Ok(text) => append(py, text.as_bytes()),
            // There are lone surrogates, which may be an error, but not where the original would be asked.
            Err(_) if !append(py, b"")? => Ok(false),
            Err(_) => append(py, self.encode(text)?.as_bytes()),
        }
    }

    /// Does with lone surrogates what the original would do, which may be to raise an error.
    fn encode<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyBytes>> {
        let py = text.py();
        let errors = self.original.getattr(py, intern!(py, "errors")).ok();
        let errors = errors.and_then(|errors| errors.extract::<String>(py).ok());
        // A stream that has no way with them, such as `io.StringIO`, takes them as they are.
        let errors = errors.as_deref().unwrap_or("backslashreplace");
        let bytes = text.call_method1(intern!(py, "encode"), ("utf-8", errors))?;
        Ok(bytes.cast_into()?)
    }
}

fn append(py: Python<'_>, text: &[u8]) -> PyResult<bool> {
    if capture::Context::current().append(text) {
        return Ok(true);
    }
    let test = current_test::of_context(py)?;
    Ok(test.is_some_and(|test| test.get().0.append(text)))
}

/// The streams of `sys` that were replaced; one that is `None` there is not.
pub(crate) struct Streams(Vec<Replaced>);

struct Replaced {
    name: Py<PyString>,
    stream: Py<Stream>,
    original: Py<PyAny>,
}

impl Streams {
    /// Replaces the streams. The originals write whole lines at once from now on.
    pub(crate) fn replace(py: Python<'_>) -> PyResult<Self> {
        let replaced = ["stdout", "stderr"].map(|name| replace(py, name));
        let replaced: PyResult<Vec<_>> = replaced.into_iter().collect();
        Ok(Self(replaced?.into_iter().flatten().collect()))
    }

    /// Puts the originals back.
    pub(crate) fn restore(&self, py: Python<'_>) -> PyResult<()> {
        let sys = py.import("sys")?;
        for Replaced { name, original, .. } in &self.0 {
            sys.setattr(name, original)?;
        }
        Ok(())
    }

    /// Flushes the streams at the end of a test: half a line may still stand in a buffer of Python's. Takes away what
    /// the test has put in their place, if it is the only one that runs, and tells it so.
    fn take_back(&self, py: Python<'_>, is_alone: impl Fn() -> bool) -> PyResult<()> {
        let sys = sys(py)?;
        // Text that was captured has not come to the original streams, whose buffers are empty.
        let is_captured = capture::Context::current().append(b"");
        for Replaced {
            name,
            stream,
            original,
        } in &self.0
        {
            let found = sys.getattr(name).ok();
            let is_ours = found.as_ref().is_some_and(|found| found.is(stream));
            if is_ours && is_captured {
                continue;
            }
            let written = found.as_ref().filter(|_| !is_ours);
            // A stream that is None or closed has nothing to flush.
            let _ = written
                .unwrap_or(original.bind(py))
                .call_method0(intern!(py, "flush"));
            // Another test that runs may be about to put its own away. One that starts from here on finds the right
            // stream: until that is set nothing lets another thread have Python.
            if is_ours || !is_alone() {
                continue;
            }
            sys.setattr(name, stream)?;
            let kind = found.map_or_else(
                || Ok("missing".to_owned()),
                |found| PyResult::Ok(format!("a `{}`", found.get_type().qualname()?)),
            )?;
            leaks::print(&format!(
                "note: `sys.{name}` was {kind} at the end of the test, and is put back\n"
            ));
        }
        Ok(())
    }
}

/// The module `sys`. To import it anew takes longer than all else at the end of a test.
fn sys(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static SYS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let import = || Ok::<_, PyErr>(py.import("sys")?.unbind());
    Ok(SYS.get_or_try_init(py, import)?.bind(py))
}

fn replace(py: Python<'_>, name: &str) -> PyResult<Option<Replaced>> {
    let sys = py.import("sys")?;
    let name = PyString::intern(py, name);
    let original = sys.getattr(&name)?;
    if original.is_none() {
        return Ok(None);
    }
    let line_buffering = PyDict::new(py);
    line_buffering.set_item("line_buffering", true)?;
    // Only `io.TextIOWrapper` has the method; another stream is somebody's own, and stays as it is.
    let _ = original.call_method("reconfigure", (), Some(&line_buffering));
    let original = original.unbind();
    let stream = Stream {
        original: original.clone_ref(py),
    };
    let stream = Py::new(py, stream)?;
    sys.setattr(&name, &stream)?;
    Ok(Some(Replaced {
        name: name.unbind(),
        stream,
        original,
    }))
}

/// Flushes the streams and takes them back at the end of a test, however it ends.
pub(crate) struct TakeBack {
    session: Arc<Session>,
    is_done: bool,
}

impl TakeBack {
    pub(crate) fn new(session: &Arc<Session>) -> Self {
        Self {
            session: Arc::clone(session),
            is_done: false,
        }
    }

    /// Does it now.
    pub(crate) fn now(&mut self, py: Python<'_>) {
        self.is_done = true;
        let Some(streams) = self.session.streams() else {
            return;
        };
        if let Err(error) = streams.take_back(py, || self.session.stop.is_only_one()) {
            error.write_unraisable(py, None);
        }
    }
}

impl Drop for TakeBack {
    fn drop(&mut self) {
        if !self.is_done {
            Python::attach(|py| self.now(py));
        }
    }
}
