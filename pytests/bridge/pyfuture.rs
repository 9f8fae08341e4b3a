//! Python awaitables whose `PyFuture` is dropped or detached, and their outcomes.

use std::ffi::CStr;
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::PyCFunction;
use pyo3_aio::PyFuture;

use crate::fixtures::python::{call, function, python};
use crate::runtime;

/// Calls `main` of a program on a loop of its own, with a function that makes a Rust future of an awaitable, and one that
/// calls `end` with that future, on another thread.
fn run(code: &CStr, end: fn(PyFuture)) -> PyResult<()> {
    Python::attach(|py| {
        let program = python(py, code)?;
        let made = Arc::new(Mutex::new(None));
        let ended = Arc::clone(&made);
        let start = PyCFunction::new_closure(py, None, None, move |args, _| -> PyResult<()> {
            let future = pyo3_aio::into_future(args.get_item(0)?)?;
            *made.lock().unwrap() = Some(future);
            Ok(())
        })?;
        let end = function(py, move |py| {
            let future = ended.lock().unwrap().take().unwrap();
            py.detach(|| std::thread::spawn(move || end(future)).join().unwrap());
            Ok(py.None().into_bound(py))
        })?;
        let functions = (start, end).into_pyobject(py)?.into_any();
        let asyncio = py.import("asyncio")?;
        let main = call(&program, "main", functions)?;
        let main = asyncio.call_method1("wait_for", (main, 10))?;
        asyncio.call_method1("run", (main,)).map(drop)
    })
}

#[runtime::test]
fn an_awaitable_that_was_not_started_keeps_its_own_close() -> PyResult<()> {
    run(
        c"
class Pool:
    closed = False
    def __await__(self):
        yield from asyncio.sleep(0).__await__()
    def close(self):
        self.closed = True
async def main(functions):
    start, end = functions
    pool = Pool()
    start(pool)
    end()
    # What is started later is delivered later.
    delivered = asyncio.get_running_loop().create_future()
    async def delivers():
        delivered.set_result(None)
    start(delivers())
    await delivered
    assert not pool.closed
",
        drop,
    )
}

#[runtime::test]
fn a_future_that_was_not_started_is_cancelled_as_one_that_was() -> PyResult<()> {
    run(
        c"
async def main(functions):
    start, end = functions
    for is_started in False, True:
        for make in asyncio.get_running_loop().create_future, lambda: asyncio.ensure_future(asyncio.sleep(60)):
            future = make()
            start(future)
            while is_started and not future._callbacks:
                await asyncio.sleep(0)
            end()
            await asyncio.wait([future], timeout=10)
            assert future.cancelled()
",
        drop,
    )
}

#[runtime::test]
fn an_error_in_the_cleanup_of_a_dropped_task_is_told_to_the_loop() -> PyResult<()> {
    run(
        c"
async def main(functions):
    start, end = functions
    told, started = [], asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
    async def fails():
        try:
            started.set_result(None)
            await asyncio.sleep(60)
        finally:
            raise ValueError('in the cleanup')
    start(fails())
    await started
    end()
    while not told:
        await asyncio.sleep(0.001)
    assert told[0]['message'] == 'Task exception was never retrieved', told
    assert str(told[0]['exception']) == 'in the cleanup'
",
        drop,
    )
}

/// The Rust future is given up when the task has been done for some time.
const DONE: &CStr = c"
async def main(functions):
    start, end = functions
    told, error = [], ValueError('unseen')
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
    async def ends(done, how):
        await asyncio.sleep(0)
        done.set_result(None)
        return how()
    def fails():
        raise error
    def cancels():
        raise asyncio.CancelledError
    class Thing:
        pass
    for how in cancels, Thing, fails:
        done = asyncio.get_running_loop().create_future()
        start(ends(done, how))
        await done
        # The task's callback has its turn.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        end()
    while not told:
        await asyncio.sleep(0.001)
    [context] = told
    assert context['exception'] is error
    assert context['message'] == 'PyFuture exception was never retrieved'
    assert not [thing for thing in gc.get_objects() if isinstance(thing, Thing)]
";

#[runtime::test]
fn an_output_that_is_dropped_is_freed_or_told_to_the_loop() -> PyResult<()> {
    run(DONE, drop)
}

#[runtime::test]
fn an_output_that_is_detached_is_freed_or_told_to_the_loop() -> PyResult<()> {
    run(DONE, PyFuture::detach)
}
