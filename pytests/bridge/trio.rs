//! Coroutines under trio, and under anyio on both of its backends.

use std::ffi::CStr;
use std::time::Duration;

use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::fixtures::drops::Drops;
use crate::fixtures::python::{call, function, python, require};
use crate::runtime;

/// Calls `main` of the program with functions that return coroutines.
fn run(program: &CStr) -> PyResult<()> {
    Python::attach(|py| {
        let names = python(py, program)?;
        let sleep = function(py, |py| {
            runtime::into_coroutine(py, async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                Ok(1)
            })
        })?;
        let drops = Drops::default();
        let count = drops.function(py)?;
        let forever = function(py, move |py| {
            let guard = drops.guard();
            runtime::into_coroutine(py, async move {
                let _guard = guard;
                std::future::pending::<()>().await;
                Ok(())
            })
        })?;
        let told = function(py, |py| {
            runtime::into_coroutine_cancellable(py, |mut cancel| async move {
                let _cancelled = cancel.cancelled().await;
                Ok("finished all the same")
            })
        })?;
        let fails = function(py, |py| {
            runtime::into_coroutine::<_, ()>(py, async {
                tokio::task::yield_now().await;
                Err(pyo3::exceptions::PyKeyError::new_err("from Rust"))
            })
        })?;
        let threaded = function(py, |py| {
            let (sender, receiver) = oneshot::channel();
            std::thread::spawn(move || sender.send(7));
            runtime::into_coroutine(py, async move { Ok(receiver.await.unwrap()) })
        })?;
        let block_on = function(py, |py| {
            let one: i32 = runtime::block_on(py, async { Ok(1) })?;
            Ok(one.into_pyobject(py)?.into_any())
        })?;
        for (name, function) in [
            ("sleep", sleep),
            ("forever", forever),
            ("drops", count),
            ("told", told),
            ("fails", fails),
            ("threaded", threaded),
            ("block_on", block_on),
        ] {
            names.set_item(name, function)?;
        }
        call(&names, "main", py.None().into_bound(py))?;
        Ok(())
    })
}

#[runtime::test]
fn trio_awaits_a_coroutine() -> PyResult<()> {
    require("trio");
    run(c"
import trio
async def awaits():
    for _ in range(20):
        assert await sleep() == 1
        assert await threaded() == 7
    async with trio.open_nursery() as nursery:
        for _ in range(100):
            nursery.start_soon(sleep)
    try:
        await fails()
    except KeyError as error:
        assert error.args == ('from Rust',)
    else:
        assert False
def main(_):
    trio.run(awaits)
    trio.run(sleep)
")
}

#[runtime::test]
fn trio_cancels_a_coroutine_and_waits_for_the_drop() -> PyResult<()> {
    require("trio");
    run(c"
import trio
async def cancels():
    for count in range(1, 20):
        with trio.move_on_after(0.002) as scope:
            await forever()
        assert scope.cancelled_caught and drops() == count
def main(_):
    trio.run(cancels)
")
}

#[runtime::test]
fn trio_tells_a_future_that_wants_to_know() -> PyResult<()> {
    require("trio");
    run(c"
import trio
async def cancels():
    with trio.move_on_after(0.002) as scope:
        result = await told()
    assert not scope.cancelled_caught and result == 'finished all the same'
def main(_):
    trio.run(cancels)
")
}

#[runtime::test]
fn anyio_takes_a_coroutine_on_both_backends() -> PyResult<()> {
    require("trio");
    require("anyio");
    run(c"
import anyio
from importlib.metadata import version
async def native():
    await sleep()
async def both():
    # Before 4.14 a task group started nothing else on asyncio.
    takes_any = tuple(map(int, version('anyio').split('.')[:2])) >= (4, 14)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(sleep if takes_any else native)
    with anyio.move_on_after(0.002) as scope:
        await forever()
    assert scope.cancelled_caught
def main(_):
    anyio.run(both, backend='asyncio')
    anyio.run(both, backend='trio')
")
}

#[runtime::test]
fn block_on_refuses_to_block_trio() -> PyResult<()> {
    require("trio");
    run(c"
import trio
async def blocks():
    try:
        block_on()
    except RuntimeError as error:
        assert 'block_on() would block' in str(error)
    else:
        assert False
    assert await trio.to_thread.run_sync(block_on) == 1
def main(_):
    trio.run(blocks)
")
}
