//! The graph of who awaits whom, which asyncio keeps from Python 3.14 on for `asyncio.capture_call_graph` and for
//! `python -m asyncio ps` and `pstree`.
//!
//! asyncio notes a task that awaits another task or future of its own classes. Between a task that awaits Rust and the task
//! that this Rust future awaits stands a future of this library, which asyncio takes no note of
//! (`future_add_to_awaited_by` in `Lib/asyncio/futures.py`). So the second task is noted as awaited by the first one.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyWeakrefMethods, PyWeakrefReference};

/// A task that awaits a Rust future. A weak reference: the task has the coroutine, which has the future.
pub(crate) type Awaiter = Py<PyWeakrefReference>;

/// `asyncio.future_add_to_awaited_by`, `future_discard_from_awaited_by` and `current_task`.
struct Functions {
    add: Py<PyAny>,
    discard: Py<PyAny>,
    current_task: Py<PyAny>,
}

/// Returns the task that is running on this thread; `None` before Python 3.14.
pub(crate) fn current_task(py: Python<'_>) -> PyResult<Option<Awaiter>> {
    let Some(functions) = functions(py)? else {
        return Ok(None);
    };
    let task = functions.current_task.bind(py).call0()?;
    if task.is_none() {
        return Ok(None);
    }
    Ok(Some(PyWeakrefReference::new(&task)?.unbind()))
}

/// Notes that `awaiter` waits for the end of `task`.
pub(crate) fn add(task: &Bound<'_, PyAny>, awaiter: &Awaiter) -> PyResult<()> {
    call(task, awaiter, |functions| &functions.add)
}

/// Notes that `awaiter` does not wait any longer.
pub(crate) fn discard(task: &Bound<'_, PyAny>, awaiter: &Awaiter) -> PyResult<()> {
    call(task, awaiter, |functions| &functions.discard)
}

fn call(
    task: &Bound<'_, PyAny>,
    awaiter: &Awaiter,
    function: impl FnOnce(&Functions) -> &Py<PyAny>,
) -> PyResult<()> {
    let py = task.py();
    let (Some(functions), Some(awaiter)) = (functions(py)?, awaiter.bind(py).upgrade()) else {
        return Ok(());
    };
    function(functions).bind(py).call1((task, awaiter))?;
    Ok(())
}

fn functions(py: Python<'_>) -> PyResult<Option<&Functions>> {
    static FUNCTIONS: PyOnceLock<Option<Functions>> = PyOnceLock::new();
    let import = || {
        let asyncio = py.import("asyncio")?;
        let Some(add) = asyncio
            .as_any()
            .getattr_opt(intern!(py, "future_add_to_awaited_by"))?
        else {
            return Ok(None);
        };
        PyResult::Ok(Some(Functions {
            add: add.unbind(),
            discard: asyncio.getattr("future_discard_from_awaited_by")?.unbind(),
            current_task: asyncio.getattr("current_task")?.unbind(),
        }))
    };
    Ok(FUNCTIONS.get_or_try_init(py, import)?.as_ref())
}
