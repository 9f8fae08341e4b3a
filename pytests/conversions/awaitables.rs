//! Awaitables of Python as Rust futures.

use std::sync::Mutex;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyCFunction;
use tokio::sync::oneshot;

use crate::fixtures::python::{call, function, python};
use crate::runtime;

#[runtime::test]
async fn what_is_not_awaitable_is_a_type_error_at_once() {
    Python::attach(|py| {
        let number = 42_i32.into_pyobject(py).unwrap().into_any();
        let error = runtime::into_future(number).unwrap_err();
        assert!(error.is_instance_of::<PyTypeError>(py));
    });
}

#[runtime::test]
async fn dropping_the_rust_future_cancels_the_python_task() -> PyResult<()> {
    let code = c"
async def sleeps(started):
    try:
        started()
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        cancelled.set_result(None)
        raise
async def wait(_):
    await cancelled
";
    let (started, has_started) = oneshot::channel();
    let started = Mutex::new(Some(started));
    let (sleeps, wait) = Python::attach(|py| {
        let names = python(py, code)?;
        let event_loop = runtime::get_current_loop(py)?;
        names.set_item("cancelled", event_loop.call_method0("create_future")?)?;
        let started = function(py, move |py| {
            started.lock().unwrap().take().unwrap().send(()).unwrap();
            Ok(py.None().into_bound(py))
        })?;
        let sleeps = runtime::into_future(call(&names, "sleeps", started)?)?;
        let wait = runtime::into_future(call(&names, "wait", py.None().into_bound(py))?)?;
        PyResult::Ok((sleeps, wait))
    })?;
    has_started.await.unwrap();
    drop(sleeps);
    wait.await?;
    Ok(())
}

#[runtime::test]
async fn dropping_the_rust_future_before_the_task_started_closes_the_coroutine() -> PyResult<()> {
    let code = c"
import inspect, warnings
async def never():
    assert False
async def closed(coroutine):
    while inspect.getcoroutinestate(coroutine) != inspect.CORO_CLOSED:
        await asyncio.sleep(0)
async def main(start):
    coroutine = never()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        start(coroutine)
        await asyncio.wait_for(closed(coroutine), 10)
        del coroutine
        gc.collect()
        assert not caught, [str(one.message) for one in caught]
";
    Python::attach(|py| {
        let names = python(py, code)?;
        let start = PyCFunction::new_closure(py, None, None, |args, _| {
            runtime::into_future(args.get_item(0)?).map(drop)
        })?;
        runtime::into_future(call(&names, "main", start.into_any())?)
    })?
    .await?;
    Ok(())
}

#[runtime::test]
async fn a_detached_future_lets_the_task_run_on() -> PyResult<()> {
    let code = c"
async def runs(_):
    await asyncio.sleep(0)
    finished.set_result(None)
async def wait(_):
    await finished
";
    let wait = Python::attach(|py| {
        let names = python(py, code)?;
        let event_loop = runtime::get_current_loop(py)?;
        names.set_item("finished", event_loop.call_method0("create_future")?)?;
        runtime::into_future(call(&names, "runs", py.None().into_bound(py))?)?.detach();
        runtime::into_future(call(&names, "wait", py.None().into_bound(py))?)
    })?;
    wait.await?;
    Ok(())
}
