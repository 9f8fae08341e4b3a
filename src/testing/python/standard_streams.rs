//! Replaces `sys.stdout` and `sys.stderr`, and restores the replacements after a test that has set something else there.
//!
//! A test replaces `sys.stdout` when the code under test does (`contextlib.redirect_stdout`, a logger's set-up) and panics,
//! or is timed out, before that is undone. pytest's `capsys` restores the streams after each test, too.

use libtest_async::capture;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::current_test;
use super::leaks;

/// Replaces `sys.stdout` or `sys.stderr`: writes into the output of the current test, or else to the original.
#[pyclass(frozen, module = "pyo3_aio.testing")]
struct StreamProxy {
    original: Py<PyAny>,
}

#[pymethods]
impl StreamProxy {
    fn write(&self, py: Python<'_>, text: Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        if let Ok(text) = text.cast::<PyString>() {
            if self.append(text)? {
                return Ok(text.len()?.into_pyobject(py)?.into_any().unbind());
            }
        }
        // The original raises the error for a value that is no string, and takes text of no test.
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

impl StreamProxy {
    /// Appends to the output of the current test; false if there is none, or its output is not captured.
    fn append(&self, text: &Bound<'_, PyString>) -> PyResult<bool> {
        let py = text.py();
        match text.to_cow() {
            Ok(text) => append(py, text.as_bytes()),
            // Lone surrogates (PEP 383: bytes of a file name) have no UTF-8. The original encodes text of no test itself.
            Err(_) if !append(py, b"")? => Ok(false),
            Err(_) => append(py, self.encode(text)?.as_bytes()),
        }
    }

    /// Encodes lone surrogates by the original's error handler, which may raise `UnicodeEncodeError`.
    fn encode<'py>(&self, text: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyBytes>> {
        let py = text.py();
        let errors = self.original.getattr(py, intern!(py, "errors")).ok();
        let errors = errors.and_then(|errors| errors.extract::<String>(py).ok());
        // A stream without an error handler, such as `io.StringIO`, accepts surrogates.
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

/// The streams of `sys` that were replaced. A stream that is `None` (`pythonw.exe`) is left alone.
pub(crate) struct StandardStreams(Vec<ReplacedStream>);

struct ReplacedStream {
    name: Py<PyString>,
    stream: Py<StreamProxy>,
    original: Py<PyAny>,
}

impl StandardStreams {
    /// Replaces the streams, and has the originals write at the end of each line.
    pub(crate) fn replace(py: Python<'_>) -> PyResult<Self> {
        let replaced = ["stdout", "stderr"].map(|name| replace(py, name));
        let replaced: PyResult<Vec<_>> = replaced.into_iter().collect();
        Ok(Self(replaced?.into_iter().flatten().collect()))
    }

    /// Puts the originals back.
    pub(crate) fn restore(&self, py: Python<'_>) -> PyResult<()> {
        let sys = py.import("sys")?;
        for ReplacedStream { name, original, .. } in &self.0 {
            sys.setattr(name, original)?;
        }
        Ok(())
    }

    /// Flushes the streams at the end of a test, on its thread, since half a line may be left in Python's buffers. Restores
    /// a stream that was set to something else, if no other test runs, and notes that in the test's output.
    pub(crate) fn restore_after_test(
        &self,
        py: Python<'_>,
        is_alone: impl Fn() -> bool,
    ) -> PyResult<()> {
        let sys = sys(py)?;
        // Captured text has not reached the original streams, so their buffers are empty.
        let is_captured = capture::Context::current().append(b"");
        for ReplacedStream {
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
            let flushed = found.as_ref().filter(|_| !is_ours);
            // A stream that is None or closed has nothing to flush.
            let _ = flushed
                .unwrap_or(original.bind(py))
                .call_method0(intern!(py, "flush"));
            // The stream may be that of another test that runs, which will restore it. A test that starts from here on finds
            // the right stream: nothing before `setattr` lets another thread attach to Python.
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

/// The module `sys`. Importing it again would take longer than everything else at the end of a test.
fn sys(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static SYS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let import = || Ok::<_, PyErr>(py.import("sys")?.unbind());
    Ok(SYS.get_or_try_init(py, import)?.bind(py))
}

fn replace(py: Python<'_>, name: &str) -> PyResult<Option<ReplacedStream>> {
    let sys = py.import("sys")?;
    let name = PyString::intern(py, name);
    let original = sys.getattr(&name)?;
    if original.is_none() {
        return Ok(None);
    }
    let line_buffering = PyDict::new(py);
    line_buffering.set_item("line_buffering", true)?;
    // Only `io.TextIOWrapper` has the method. Another object is a replacement by user code, and stays as it is.
    let _ = original.call_method("reconfigure", (), Some(&line_buffering));
    let original = original.unbind();
    let stream = StreamProxy {
        original: original.clone_ref(py),
    };
    let stream = Py::new(py, stream)?;
    sys.setattr(&name, &stream)?;
    Ok(Some(ReplacedStream {
        name: name.unbind(),
        stream,
        original,
    }))
}
