//! All names of asyncio and of Python's other modules that the library uses, imported once.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

/// Defines functions that return an attribute of a module, imported once.
macro_rules! imported {
    ($($(#[$doc:meta])* $name:ident = $module:literal . $attribute:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
            static OBJECT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            OBJECT.import(py, $module, $attribute)
        }
    )*};
}

imported! {
    /// `asyncio.ensure_future`.
    ensure_future = "asyncio"."ensure_future";
    /// `asyncio.iscoroutine`.
    iscoroutine = "asyncio"."iscoroutine";
    /// `asyncio.isfuture`.
    isfuture = "asyncio"."isfuture";
    /// `asyncio.base_futures._future_repr_info`.
    future_repr_info = "asyncio.base_futures"."_future_repr_info";
    /// `types.GenericAlias`.
    generic_alias = "types"."GenericAlias";
    /// `inspect.isawaitable`.
    isawaitable = "inspect"."isawaitable";
    /// `asyncio.BaseEventLoop`.
    base_event_loop = "asyncio"."BaseEventLoop";
    /// `asyncio.format_helpers.extract_stack`.
    extract_stack = "asyncio.format_helpers"."extract_stack";
    /// `types.CoroutineType`.
    coroutine_type = "types"."CoroutineType";
    /// `asyncio.new_event_loop`.
    new_event_loop = "asyncio"."new_event_loop";
    /// `asyncio.set_event_loop`.
    set_event_loop = "asyncio"."set_event_loop";
    /// `asyncio.gather`.
    gather = "asyncio"."gather";
    /// `asyncio.all_tasks`.
    all_tasks = "asyncio"."all_tasks";
    /// `contextvars.Context`.
    context_type = "contextvars"."Context";
    /// `atexit.register`.
    atexit_register = "atexit"."register";
    /// `os.register_at_fork`. It is missing on platforms that cannot fork.
    register_at_fork = "os"."register_at_fork";
    /// `asyncio._get_running_loop`, which returns None where no loop runs on this thread.
    running_loop_or_none = "asyncio"."_get_running_loop";
    /// `asyncio.get_running_loop`.
    running_loop = "asyncio"."get_running_loop";
}

/// Returns the event loop that runs on this thread (`asyncio.get_running_loop()`).
///
/// # Errors
///
/// `RuntimeError: no running event loop`.
pub fn get_running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    running_loop(py)?.call0()
}

/// Whether an event loop runs on this thread.
pub(crate) fn is_any_running_here(py: Python<'_>) -> PyResult<bool> {
    Ok(!running_loop_or_none(py)?.call0()?.is_none())
}

/// Whether `event_loop` runs on this thread.
pub(crate) fn is_running_here(event_loop: &Bound<'_, PyAny>) -> PyResult<bool> {
    Ok(running_loop_or_none(event_loop.py())?
        .call0()?
        .is(event_loop))
}

/// Whether `event_loop` runs, on any thread; false for a token of trio's.
pub(crate) fn is_running(event_loop: &Bound<'_, PyAny>) -> bool {
    let running = event_loop.call_method0(intern!(event_loop.py(), "is_running"));
    running
        .and_then(|running| running.is_truthy())
        .unwrap_or(false)
}

/// Calls `event_loop.call_soon_threadsafe(callback)`.
pub(crate) fn call_soon_threadsafe(
    event_loop: &Bound<'_, PyAny>,
    callback: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let py = event_loop.py();
    event_loop.call_method1(intern!(py, "call_soon_threadsafe"), (callback,))?;
    Ok(())
}

/// Reports an exception to the loop (`event_loop.call_exception_handler`); `others` are further entries of its context.
pub(crate) fn call_exception_handler<'py>(
    event_loop: &Bound<'py, PyAny>,
    message: &str,
    exception: impl IntoPyObject<'py>,
    others: &[(&str, &Bound<'py, PyAny>)],
) -> PyResult<()> {
    let py = event_loop.py();
    let context = PyDict::new(py);
    context.set_item(intern!(py, "message"), message)?;
    context.set_item(intern!(py, "exception"), exception)?;
    for (key, value) in others {
        context.set_item(key, value)?;
    }
    event_loop.call_method1(intern!(py, "call_exception_handler"), (context,))?;
    Ok(())
}

/// Returns the stack of the code that makes a future, which asyncio keeps as `_source_traceback` where the loop is in debug
/// mode (`Future.__init__`).
pub(crate) fn source_traceback(event_loop: &Bound<'_, PyAny>) -> PyResult<Option<Py<PyAny>>> {
    let py = event_loop.py();
    let debug = event_loop.call_method0(intern!(py, "get_debug"))?;
    if !debug.is_truthy()? {
        return Ok(None);
    }
    // It fails where no Python code runs on this thread.
    Ok(extract_stack(py)?.call0().map(Bound::unbind).ok())
}

/// Returns `contextvars.copy_context`. The stable ABI has no C function for it.
#[cfg(Py_LIMITED_API)]
pub(crate) fn copy_context(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    FUNCTION.import(py, "contextvars", "copy_context")
}

/// Whether a task may be made as `asyncio.Task(coroutine, eager_start=True)` in place of `event_loop.create_task`.
///
/// That is so from Python 3.12 on, which has `eager_start` (and `asyncio.eager_task_factory`), for loops whose
/// `create_task` does nothing else: `asyncio.BaseEventLoop`'s and uvloop's. The caller checks for a task factory.
pub(crate) fn makes_plain_tasks(event_loop: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = event_loop.py();
    static HAS_EAGER_START: PyOnceLock<bool> = PyOnceLock::new();
    let ask = || py.import("asyncio")?.hasattr("eager_task_factory");
    if !*HAS_EAGER_START.get_or_try_init(py, ask)? {
        return Ok(false);
    }
    let class = event_loop.get_type();
    let own = class.getattr(intern!(py, "create_task"))?;
    let plain = base_event_loop(py)?.getattr(intern!(py, "create_task"))?;
    Ok(own.is(&plain)
        || class
            .getattr(intern!(py, "__module__"))?
            .eq(intern!(py, "uvloop"))?)
}

/// Returns `asyncio.Task.__new__` and `asyncio.Task.__init__`.
pub(crate) fn task_constructors(py: Python<'_>) -> PyResult<&(Py<PyAny>, Py<PyAny>)> {
    static FUNCTIONS: PyOnceLock<(Py<PyAny>, Py<PyAny>)> = PyOnceLock::new();
    FUNCTIONS.get_or_try_init(py, || {
        let class = task_type(py)?;
        let new = class.getattr(intern!(py, "__new__"))?;
        let init = class.getattr(intern!(py, "__init__"))?;
        Ok((new.unbind(), init.unbind()))
    })
}

/// Returns `asyncio.Task`.
pub(crate) fn task_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    TYPE.import(py, "asyncio", "Task")
}

/// Returns `asyncio.Future`.
pub(crate) fn future_type(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    TYPE.import(py, "asyncio", "Future")
}

/// Returns `repr(future)` for an object with the attributes of `asyncio.Future`, by the `__repr__` of that class's version in
/// Python (`Lib/asyncio/futures.py`).
pub(crate) fn future_repr<'py>(future: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    static CLASS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = future.py();
    let class = CLASS.import(py, "asyncio.futures", "_PyFuture")?;
    class.call_method1(intern!(py, "__repr__"), (future,))
}

/// Returns `asyncio.CancelledError`.
pub(crate) fn cancelled_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    TYPE.import(py, "asyncio", "CancelledError")
}
