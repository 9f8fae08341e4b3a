//! One program on every kind of event loop.

use std::ffi::CStr;
use std::time::Duration;

use pyo3::prelude::*;

use crate::fixtures::loop_kinds;
use crate::fixtures::python::{call, function, python};
use crate::runtime;

/// The program of each loop; `make` makes the loop.
const PROGRAM: &CStr = c"
async def main():
    assert await ready() == 1
    assert await coroutine() == 1
    assert await asyncio.gather(*[sleep() for _ in range(100)]) == [()] * 100
    assert await asyncio.create_task(coroutine()) == 1
    assert await asyncio.wait_for(ready(), 10) == 1
    for awaitable, limit, expected in (fails(), 10, ValueError), (forever(), 0.05, asyncio.TimeoutError):
        try:
            await asyncio.wait_for(awaitable, limit)
        except expected:
            pass
        else:
            assert False
    task = asyncio.ensure_future(forever())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()

def run(make):
    told = []
    loop = make()
    loop.set_exception_handler(lambda loop, context: told.append(context))
    try:
        loop.run_until_complete(main())
        loop.left = forever_future(loop)
    finally:
        loop.close()
    assert not told, told
";

/// Runs the program on loops of one kind, several times, since a loop may live where another one has been.
fn run_on(make: &CStr) -> PyResult<()> {
    Python::attach(|py| {
        let names = python(py, PROGRAM)?;
        let ready = function(py, |py| runtime::future_into_py(py, async { Ok(1) }))?;
        let coroutine = function(py, |py| {
            runtime::into_coroutine(py, async {
                tokio::task::yield_now().await;
                Ok(1)
            })
        })?;
        let sleep = function(py, |py| {
            runtime::future_into_py(py, async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                Ok(())
            })
        })?;
        let fails = function(py, |py| {
            runtime::future_into_py::<_, ()>(py, async {
                Err(pyo3::exceptions::PyValueError::new_err("fails"))
            })
        })?;
        let forever = function(py, |py| {
            runtime::future_into_py::<_, ()>(py, std::future::pending())
        })?;
        names.set_item("ready", ready)?;
        names.set_item("coroutine", coroutine)?;
        names.set_item("sleep", sleep)?;
        names.set_item("fails", fails)?;
        names.set_item("forever", forever)?;
        let pending = pyo3::types::PyCFunction::new_closure(py, None, None, |args, _| {
            let event_loop = args.get_item(0)?;
            let locals = pyo3_aio::TaskLocals::new(event_loop);
            runtime::future_into_py_with_locals::<_, ()>(args.py(), locals, std::future::pending())
                .map(Bound::unbind)
        })?;
        names.set_item("forever_future", pending)?;
        for _ in 0..5 {
            call(&names, "run", py.eval(make, Some(&names), None)?)?;
        }
        Ok(())
    })
}

#[runtime::test]
fn asyncio() -> PyResult<()> {
    run_on(c"asyncio.new_event_loop")
}

#[runtime::test]
fn asyncio_in_debug_mode() -> PyResult<()> {
    run_on(loop_kinds::DEBUG_MODE)
}

#[runtime::test]
fn asyncio_with_eager_tasks() -> PyResult<()> {
    loop_kinds::eager_tasks()?.map_or(Ok(()), run_on)
}

#[runtime::test]
fn uvloop() -> PyResult<()> {
    run_on(loop_kinds::uvloop())
}

#[runtime::test]
fn a_loop_without_add_reader() -> PyResult<()> {
    run_on(loop_kinds::WITHOUT_ADD_READER)
}

#[runtime::test]
fn a_loop_that_many_threads_use_first_at_once_serves_them_all() -> PyResult<()> {
    Python::attach(|py| {
        let names = python(
            py,
            c"
import threading

def first_use(make):
    for _ in range(30):
        loop, futures = asyncio.new_event_loop(), []
        barrier = threading.Barrier(8)
        def use():
            barrier.wait()
            futures.append(make(loop))
        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        async def main():
            return await asyncio.wait_for(asyncio.gather(*futures), 10)
        assert loop.run_until_complete(main()) == [1] * 8
        loop.close()

def main(make):
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        first_use(make)
    finally:
        sys.setswitchinterval(before)
",
        )?;
        let make = pyo3::types::PyCFunction::new_closure(py, None, None, |args, _| {
            let locals = pyo3_aio::TaskLocals::new(args.get_item(0)?);
            runtime::future_into_py_with_locals(args.py(), locals, async { Ok(1) })
                .map(Bound::unbind)
        })?;
        call(&names, "main", make.into_any()).map(drop)
    })
}
