//! Rust futures that a thread of Python runs, or waits for.

use std::sync::Mutex;

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3_aio::err::RustPanic;

use crate::conversions::awaited;
use crate::fixtures::drops::Drops;
use crate::fixtures::python::{call, function, python};
use crate::runtime;

#[runtime::test]
fn run_returns_what_the_future_does() {
    Python::attach(|py| {
        let text = runtime::run(py, async { Ok("no Python object".to_owned()) });
        assert_eq!(text.unwrap(), "no Python object");
        let error = runtime::run(py, async {
            PyResult::<()>::Err(PyValueError::new_err("mine"))
        });
        assert!(error.unwrap_err().is_instance_of::<PyValueError>(py));
    });
}

#[runtime::test]
fn run_cancels_and_awaits_what_is_left_over() -> PyResult<()> {
    let code = c"
seen = []
async def left_over():
    try:
        seen.append('started')
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        seen.append('cleaned up')
async def started():
    while not seen:
        await asyncio.sleep(0)
";
    Python::attach(|py| {
        let names = python(py, code)?;
        let left_over = names.as_any().get_item("left_over")?.unbind();
        let started = names.as_any().get_item("started")?.unbind();
        runtime::run(py, async move {
            Python::attach(|py| {
                runtime::into_future(left_over.bind(py).call0()?)?.detach();
                runtime::into_future(started.bind(py).call0()?)
            })?
            .await
        })?;
        let seen: Vec<String> = names.get_item("seen")?.unwrap().extract()?;
        assert_eq!(seen, ["started", "cleaned up"]);
        Ok(())
    })
}

#[runtime::test]
async fn run_inside_a_running_loop_starts_nothing() -> PyResult<()> {
    let drops = Drops::default();
    let code = c"
async def main(f):
    try:
        f()
    except RuntimeError as error:
        assert 'running event loop' in str(error), error
    else:
        assert False
";
    let guard = Mutex::new(Some(drops.guard()));
    Python::attach(|py| {
        let names = python(py, code)?;
        let nested = function(py, move |py| {
            let guard = guard.lock().unwrap().take();
            runtime::run(py, async move {
                let _guard = guard;
                panic!("it was started");
            })
            .map(|()| py.None().into_bound(py))
        })?;
        runtime::into_future(call(&names, "main", nested)?)
    })?
    .await?;
    assert_eq!(drops.count(), 1);
    Ok(())
}

#[runtime::test]
fn run_until_complete_leaves_the_loop_usable() -> PyResult<()> {
    Python::attach(|py| {
        let event_loop = py.import("asyncio")?.call_method0("new_event_loop")?;
        for number in 0..3 {
            let same = runtime::run_until_complete(event_loop.clone(), async move { Ok(number) })?;
            assert_eq!(same, number);
        }
        event_loop.call_method0("close")?;
        let closed = runtime::run_until_complete(event_loop, async { Ok(()) });
        assert!(closed.unwrap_err().is_instance_of::<PyRuntimeError>(py));
        Ok(())
    })
}

#[runtime::test]
fn block_on_lets_others_use_python_while_it_waits() -> PyResult<()> {
    Python::attach(|py| {
        let answer = runtime::block_on(py, async {
            let _ = runtime::spawn(async {}).await;
            Python::attach(|py| py.eval(c"6 * 7", None, None)?.extract::<u32>())
        })?;
        assert_eq!(answer, 42);
        let panicked = runtime::block_on::<_, ()>(py, async { panic!("in block_on") });
        let panicked = panicked.unwrap_err();
        assert!(panicked.is_instance_of::<RustPanic>(py));
        assert!(panicked.to_string().contains("in block_on"));
        Ok(())
    })
}

#[runtime::test]
async fn block_on_refuses_to_block_a_running_loop() -> PyResult<()> {
    let code = c"
async def main(f):
    try:
        f()
    except RuntimeError as error:
        assert 'await the future instead' in str(error), error
    else:
        assert False
";
    awaited(code, "main", |py| {
        function(py, |py| {
            runtime::block_on(py, async { Ok(()) })?;
            Ok(py.None().into_bound(py))
        })
    })
    .await?;
    Ok(())
}
