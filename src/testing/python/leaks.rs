//! Finds tasks that are pending, and coroutines that were never awaited, at the end of a test.
//!
//! The output of the test notes pending tasks, and Python itself warns of coroutines. With `--leak-check` both fail the test,
//! and tests run one at a time. `leaks.py` has the Python side.

use libtest_async::{Failed, capture};
use pyo3::ffi::c_str;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use super::current_test;
use crate::python::asyncio;
use crate::{TaskLocals, into_future_with_locals};

/// Has the tasks of a loop record the test that creates them.
pub(crate) fn watch(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = event_loop.py();
    module(py)?.call_method1("watch", (event_loop,))?;
    Ok(())
}

/// Has Python warn of every coroutine that was never awaited, not only of the first at each line. Returns a value for
/// [`restore`].
pub(crate) fn warn_always(py: Python<'_>) -> PyResult<Py<PyAny>> {
    Ok(module(py)?.call_method0("warn_always")?.unbind())
}

/// Undoes [`watch`] and [`warn_always`].
pub(crate) fn restore(event_loop: &Bound<'_, PyAny>, warning: &Py<PyAny>) -> PyResult<()> {
    let py = event_loop.py();
    module(py)?.call_method1("restore", (event_loop, warning))?;
    Ok(())
}

/// Returns the Python function that returns the test of a task, or None.
pub(crate) fn owner(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    module(py)?.getattr("owner")
}

/// Says whether tasks of the test with these locals are pending.
pub(crate) fn is_any_pending(py: Python<'_>, locals: &TaskLocals) -> bool {
    let ask = || {
        let event_loop = locals.event_loop(py);
        if !is_any_task_there(&event_loop)? {
            return Ok(false);
        }
        let arguments = (event_loop, current_test::of_locals(py, locals)?);
        let pending = module(py)?.call_method1(intern!(py, "pending"), arguments)?;
        pending.is_truthy()
    };
    ask().unwrap_or_else(|error: PyErr| {
        error.write_unraisable(py, None);
        false
    })
}

/// Says whether the loop has tasks of any test, which at the end of most tests is false.
///
/// Runs no Python bytecode: CPython's evaluation loop would pass the GIL to other threads, which takes ten times as long when
/// many tests run.
fn is_any_task_there(event_loop: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = event_loop.py();
    static SETS: PyOnceLock<Option<Vec<Py<PyAny>>>> = PyOnceLock::new();
    let find = || module(py)?.call_method0("sets_of_tasks")?.extract();
    let Some(sets) = SETS.get_or_try_init(py, find)? else {
        return asyncio::all_tasks(py)?.call1((event_loop,))?.is_truthy();
    };
    for tasks in sets {
        if tasks.bind(py).is_truthy()? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Notes the pending tasks in the output of the test, except those that end within a few iterations of the loop.
pub(crate) async fn note(locals: &TaskLocals) {
    match still_pending(locals).await {
        Ok(pending) => pending.iter().for_each(|task| {
            print(&format!(
                "note: still pending at the end of the test: {task}\n"
            ));
        }),
        Err(error) => Python::attach(|py| error.write_unraisable(py, None)),
    }
}

/// Prints on standard error that a task of the test blocks its runtime. The output of a test that passes is not shown, but
/// the task may disturb other tests.
///
/// # Errors
///
/// The failure of the test, if `fails` is set.
pub(crate) fn note_blocked_runtime(fails: bool) -> Result<(), Failed> {
    let test = capture::Context::current();
    let name = test.test_name().unwrap_or_default();
    let note = format!("note: {name} has left a task behind that keeps its runtime from ending\n");
    capture::Context::default().print(note.as_bytes());
    match fails {
        true => Err("the test left behind:\n    a task that keeps its runtime from ending".into()),
        false => Ok(()),
    }
}

async fn still_pending(locals: &TaskLocals) -> PyResult<Vec<String>> {
    let future = Python::attach(|py| {
        let arguments = (locals.event_loop(py), current_test::of_locals(py, locals)?);
        let pending = module(py)?.call_method1("still_pending", arguments)?;
        into_future_with_locals(locals, pending)
    })?;
    let pending = future.await?;
    Python::attach(|py| pending.extract(py))
}

/// Writes into the output of the test; with `--nocapture` to standard error.
pub(crate) fn print(text: &str) {
    capture::Context::current().print(text.as_bytes());
}

fn module(py: Python<'_>) -> PyResult<&Bound<'_, PyModule>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let load = || {
        let module = PyModule::from_code(py, SOURCE, c"leaks.py", c"pyo3_aio_leaks")?;
        module.setattr("VARIABLE", current_test::variable(py)?)?;
        PyResult::Ok(module.unbind())
    };
    Ok(MODULE.get_or_try_init(py, load)?.bind(py))
}

/// The leak check of one test, which runs alone meanwhile.
pub(crate) struct LeakCheck(Py<PyAny>);

impl LeakCheck {
    /// Records the tasks that are on the loop already.
    pub(crate) async fn begin(locals: &TaskLocals) -> PyResult<Self> {
        let check = Python::attach(|py| {
            PyResult::Ok(Self(module(py)?.getattr("Check")?.call0()?.unbind()))
        })?;
        check.call("begin", locals).await?;
        Ok(check)
    }

    /// Returns a description of the tasks and coroutines that the test has left behind, if there are any.
    pub(crate) async fn end(self, locals: &TaskLocals) -> PyResult<Option<String>> {
        let left = self.call("end", locals).await?;
        let left: Vec<String> = Python::attach(|py| left.extract(py))?;
        let lines = left.iter().map(|line| format!("\n    {line}"));
        Ok((!left.is_empty())
            .then(|| format!("the test left behind:{}", lines.collect::<String>())))
    }

    async fn call(&self, method: &str, locals: &TaskLocals) -> PyResult<Py<PyAny>> {
        let future = Python::attach(|py| {
            into_future_with_locals(locals, self.0.bind(py).call_method0(method)?)
        })?;
        future.await
    }
}

impl Drop for LeakCheck {
    fn drop(&mut self) {
        // Restores Python's warnings filters if `end` was not called: the test's future was dropped.
        Python::attach(|py| {
            if let Err(error) = self.0.call_method0(py, "restore") {
                error.write_unraisable(py, None);
            }
        });
    }
}

const SOURCE: &std::ffi::CStr = c_str!(include_str!("leaks.py"));
