//! The names of [trio](https://trio.readthedocs.io) and of its package `outcome` that the library uses.
//!
//! [`is_running_here`] does not import trio. The others are called where a task of trio is running.

use pyo3::exceptions::{PyAttributeError, PyRuntimeError};
use pyo3::ffi::c_str;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyDict, PyModule, PyType};

/// Whether a task of trio is running on this thread. It does not import trio.
pub(crate) fn is_running_here(py: Python<'_>) -> PyResult<bool> {
    // Once for each pending coroutine, on all threads: without the GIL a dict is read without a lock, and neither its count of
    // references nor that of a module is touched where trio is not imported.
    static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let modules = MODULES.import(py, "sys", "modules")?;
    let Some(trio) = modules.get_item(intern!(py, "trio"))? else {
        return Ok(false);
    };
    // The attribute is missing while another thread imports trio, and on the None that keeps trio from being imported.
    let Some(lowlevel) = trio.getattr_opt(intern!(py, "lowlevel"))? else {
        return Ok(false);
    };
    // In guest mode trio runs on the thread of another loop, whose own tasks are not trio's.
    match lowlevel.call_method0(intern!(py, "current_task")) {
        Ok(_) => Ok(true),
        Err(error)
            if error.is_instance_of::<PyRuntimeError>(py)
                || error.is_instance_of::<PyAttributeError>(py) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Returns the module `trio.lowlevel`.
fn lowlevel(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static LOWLEVEL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    LOWLEVEL.import(py, "trio", "lowlevel")
}

/// The class of the tokens that [`current_token`] has returned, `trio.lowlevel.TrioToken`.
static TOKEN_TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// Returns the token of the run on this thread (`trio.lowlevel.current_trio_token()`), which stands for it where an event loop
/// stands for itself.
pub(crate) fn current_token(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let token = lowlevel(py)?.call_method0(intern!(py, "current_trio_token"))?;
    TOKEN_TYPE.get_or_init(py, || token.get_type().unbind());
    Ok(token)
}

/// Whether an object is a token of [`current_token`], and no event loop.
pub(crate) fn is_token(host: &Bound<'_, PyAny>) -> bool {
    let class = TOKEN_TYPE.get(host.py());
    class.is_some_and(|class| host.get_type().is(class))
}

/// Fails for a token, where only an event loop will do.
///
/// # Errors
///
/// `RuntimeError` with the message.
pub(crate) fn refuse_token(host: &Bound<'_, PyAny>, message: &'static str) -> PyResult<()> {
    match is_token(host) {
        true => Err(PyRuntimeError::new_err(message)),
        false => Ok(()),
    }
}

/// Starts a system task that awaits an object in the context, and returns its handle, which has the methods of an
/// `asyncio.Task`. Call it on the thread of the run.
pub(crate) fn spawn_task<'py>(
    awaitable: &Bound<'py, PyAny>,
    context: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = awaitable.py();
    static CLASS: PyOnceLock<(Py<PyAny>, Py<PyCFunction>)> = PyOnceLock::new();
    let (class, report) = CLASS.get_or_try_init(py, || {
        let module = PyModule::from_code(py, TASK, c"trio_task.py", c"pyo3_aio_trio_task")?;
        let report = PyCFunction::new_closure(py, None, None, |args, _| {
            let error = PyErr::from_value(args.get_item(0)?);
            error.write_unraisable(args.py(), None);
            PyResult::Ok(())
        })?;
        PyResult::Ok((module.getattr("Task")?.unbind(), report.unbind()))
    })?;
    class.bind(py).call1((awaitable, context, report))
}

const TASK: &std::ffi::CStr = c_str!(include_str!("trio_task.py"));

/// Returns the task that is running on this thread (`trio.lowlevel.current_task()`).
pub(crate) fn current_task(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    lowlevel(py)?.call_method0(intern!(py, "current_task"))
}

/// Returns the coroutine `trio.lowlevel.wait_task_rescheduled(abort)`.
pub(crate) fn wait_task_rescheduled<'py>(abort: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = abort.py();
    lowlevel(py)?.call_method1(intern!(py, "wait_task_rescheduled"), (abort,))
}

/// Calls `trio.lowlevel.reschedule(task, outcome)`.
pub(crate) fn reschedule(task: &Bound<'_, PyAny>, outcome: Bound<'_, PyAny>) -> PyResult<()> {
    let py = task.py();
    lowlevel(py)?.call_method1(intern!(py, "reschedule"), (task, outcome))?;
    Ok(())
}

/// Returns `trio.lowlevel.Abort.FAILED`, by which an abort function says that its task goes on waiting.
pub(crate) fn abort_failed(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let abort = lowlevel(py)?.getattr(intern!(py, "Abort"))?;
    abort.getattr(intern!(py, "FAILED"))
}

/// Starts a system task, which lasts as long as the run and calls `function` whenever the file descriptor is readable.
///
/// At the end of a run trio cancels all system tasks at once. This one then goes on as long as `has_waits()` is true and others
/// are left: tasks that wait for what `function` delivers end only then. Last it calls `end`.
pub(crate) fn spawn_reader(
    fd: i32,
    function: &Bound<'_, PyAny>,
    has_waits: &Bound<'_, PyAny>,
    end: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = function.py();
    let wait_readable = lowlevel(py)?.getattr("wait_readable")?;
    let arguments = (reader(py)?, wait_readable, fd, function, has_waits, end);
    lowlevel(py)?.call_method1("spawn_system_task", arguments)?;
    Ok(())
}

/// Returns the function of that task, which is Python's, since trio steps it.
fn reader(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static READER: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let code = c"
import trio
async def watch(wait_readable, fd, function, has_waits, end):
    try:
        while True:
            await wait_readable(fd)
            function()
    finally:
        tasks = trio.lowlevel.current_task().parent_nursery.child_tasks
        with trio.CancelScope(shield=True):
            while has_waits() and len(tasks) > 1:
                await wait_readable(fd)
                function()
        end()
";
    let reader = READER.get_or_try_init(py, || {
        let names = PyDict::new(py);
        py.run(code, Some(&names), None)?;
        names.as_any().get_item("watch").map(Bound::unbind)
    })?;
    Ok(reader.bind(py))
}

/// Returns the `outcome.Value` or the `outcome.Error` of a result.
pub(crate) fn outcome(py: Python<'_>, result: PyResult<Py<PyAny>>) -> PyResult<Bound<'_, PyAny>> {
    let outcome = py.import(intern!(py, "outcome"))?;
    match result {
        Ok(value) => outcome.call_method1(intern!(py, "Value"), (value,)),
        Err(error) => outcome.call_method1(intern!(py, "Error"), (error.into_value(py),)),
    }
}

/// Calls a function, and returns its outcome (`outcome.capture(function)`).
pub(crate) fn capture<'py>(function: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = function.py();
    let outcome = py.import(intern!(py, "outcome"))?;
    outcome.call_method1(intern!(py, "capture"), (function,))
}
