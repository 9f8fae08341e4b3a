//! References in a circle, which Python's garbage collector has to see.

use std::ffi::CStr;

use pyo3::prelude::*;

use crate::fixtures::python::{call, function, python, require};
use crate::runtime;
use crate::streams::numbers;

/// Calls `main(make)` of a program, whose result has to be collected.
fn is_collected(code: &CStr, make: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = make.py();
    let names = python(py, code)?;
    py.run(
        c"
import time

class Cycle(Exception):
    pass

def is_collected(make):
    found = main(make)
    end = time.monotonic() + 10
    # A thread of the runtime may be polling a future still; it leaves its references to the next call of the module. And
    # a call does nothing while another thread collects.
    while found() is not None and time.monotonic() < end:
        made = make()
        if hasattr(made, 'close'):
            made.close()
        gc.collect()
    assert found() is None, gc.get_referrers(found())
",
        Some(&names),
        None,
    )?;
    call(&names, "is_collected", make.clone()).map(drop)
}

/// As `is_collected`, where `make` makes coroutines that never end.
fn is_collected_with_forever(code: &CStr) -> PyResult<()> {
    Python::attach(|py| {
        let forever = function(py, |py| {
            runtime::into_coroutine::<_, ()>(py, std::future::pending())
        })?;
        is_collected(code, &forever)
    })
}

#[runtime::test]
fn through_the_message_of_a_cancellation_that_a_closed_loop_leaves() -> PyResult<()> {
    is_collected_with_forever(
        c"
def main(forever):
    loop, cycle = asyncio.new_event_loop(), Cycle()
    cycle.coroutine = forever()
    async def starts():
        future = cycle.coroutine.send(None)
        # As `Task.cancel` does.
        future.cancel(msg=cycle)
    loop.run_until_complete(starts())
    loop.close()
    return weakref.ref(cycle)
",
    )
}

#[runtime::test]
fn through_an_exception_that_is_being_thrown_when_the_loop_is_closed() -> PyResult<()> {
    is_collected_with_forever(
        c"
def main(forever):
    loop, cycle = asyncio.new_event_loop(), Cycle()
    cycle.coroutine = forever()
    async def starts():
        cycle.coroutine.send(None)
        cycle.coroutine.throw(cycle)
    loop.run_until_complete(starts())
    loop.close()
    return weakref.ref(cycle)
",
    )
}

#[runtime::test]
fn through_an_exception_that_was_not_thrown_into_a_generator() -> PyResult<()> {
    Python::attach(|py| {
        let make = function(py, |py| runtime::stream_into_py(py, numbers(0)))?;
        is_collected(
            c"
def main(make):
    cycle = Cycle()
    cycle.ending = make().athrow(cycle)
    return weakref.ref(cycle)
",
            &make,
        )
    })
}

#[runtime::test]
fn what_trio_waits_with_is_seen() -> PyResult<()> {
    require("trio");
    Python::attach(|py| {
        let code = c"
import trio
def main(forever):
    async def waits():
        coroutine = forever()
        waiter = coroutine.send(None).abort_func.__self__
        assert trio.lowlevel.current_task() in gc.get_referents(waiter)
        coroutine.close()
    trio.run(waits)
";
        let forever = function(py, |py| {
            runtime::into_coroutine::<_, ()>(py, std::future::pending())
        })?;
        call(&python(py, code)?, "main", forever).map(drop)
    })
}
