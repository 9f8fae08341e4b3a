//! The futures that `future_into_py` returns, beside asyncio's own.

use std::ffi::CStr;

use pyo3::prelude::*;

use crate::fixtures::python::{call, function, python};
use crate::runtime;

/// Calls `story` for both kinds of futures, and compares what it returns and what the loop is told of. The methods of its
/// argument make a future that is pending, one that will fail and one that is cancelled in the end.
const COMPARE: &CStr = c"
class Own:
    def pending(self):
        return asyncio.get_running_loop().create_future()
    def fails(self):
        future = self.pending()
        def fail():
            try:
                raise ValueError('text')
            except ValueError as error:
                future.set_exception(error)
        asyncio.get_running_loop().call_soon(fail)
        return future

    def cancelled(self):
        future = self.pending()
        future.cancel()
        return future

def frames(error):
    traceback, count = error.__traceback__, 0
    while traceback is not None:
        traceback, count = traceback.tb_next, count + 1
    return count

def test(rust):
    def told(make):
        async def main():
            told = []
            loop = asyncio.get_running_loop()
            loop.set_exception_handler(lambda loop, context: told.append(type(context['exception']).__name__))
            said = await story(make)
            gc.collect()
            await asyncio.sleep(0)
            # A copy: what is told later is told too late.
            return said, list(told)
        return asyncio.run(main())
    expected, said = told(Own()), told(rust)
    if isinstance(expected[0], dict):
        assert not (differ := [(key, said[0][key], value) for key, value in expected[0].items() if said[0][key] != value]), differ
    assert said == expected, (said, expected)
";

pub(super) fn compare(story: &CStr) -> PyResult<()> {
    Python::attach(|py| {
        let names = python(py, COMPARE)?;
        py.run(story, Some(&names), None)?;
        let pending = function(py, |py| {
            runtime::future_into_py::<_, ()>(py, std::future::pending())
        })?;
        let fails = function(py, |py| {
            runtime::future_into_py::<_, ()>(py, async {
                // By Python, so that it has a traceback.
                Python::attach(|py| py.run(c"raise ValueError('text')", None, None))
            })
        })?;
        let cancelled = function(py, |py| {
            runtime::future_into_py::<_, ()>(py, async {
                let code = c"import asyncio; raise asyncio.CancelledError";
                Python::attach(|py| py.run(code, None, None))
            })
        })?;
        let types = py.import("types")?;
        let rust = types.getattr("SimpleNamespace")?.call0()?;
        rust.setattr("pending", pending)?;
        rust.setattr("fails", fails)?;
        rust.setattr("cancelled", cancelled)?;
        call(&names, "test", rust).map(drop)
    })
}

#[runtime::test]
fn cancelling_a_failed_future_has_its_exception_seen() -> PyResult<()> {
    compare(
        c"
async def story(make):
    future = make.fails()
    while not future.done():
        await asyncio.sleep(0)
    return future.cancel()
",
    )
}

#[runtime::test]
fn an_exception_that_ends_programs_is_told_when_nobody_saw_it() -> PyResult<()> {
    compare(
        c"
async def story(make):
    future = make.pending()
    future.set_exception(GeneratorExit('text'))
",
    )
}

#[runtime::test]
fn looking_at_an_exception_leaves_its_traceback_alone() -> PyResult<()> {
    compare(
        c"
async def story(make):
    future = make.fails()
    while not future.done():
        await asyncio.sleep(0)
    first = frames(future.exception())
    counts = []
    for _ in range(3):
        try:
            future.result()
        except ValueError as error:
            counts.append(frames(error) - first)
            before = frames(error)
            assert future.exception() is error and frames(error) == before
    # asyncio's own collects tracebacks before Python 3.11, and leaves the first one out from then on.
    assert isinstance(make, Own) or set(counts) == {1}, counts
    return first > 0, counts[0]
",
    )
}

#[runtime::test]
fn a_cancellation_that_is_raised_again_collects_no_traceback() -> PyResult<()> {
    compare(
        c"
async def story(make):
    future, counts = make.cancelled(), set()
    while not future.done():
        await asyncio.sleep(0)
    for _ in range(3):
        try:
            future.result()
        except asyncio.CancelledError as error:
            counts.add(frames(error))
    return len(counts)
",
    )
}

#[runtime::test]
fn a_cancelled_error_that_is_set_is_an_exception() -> PyResult<()> {
    compare(
        c"
async def story(make):
    future = make.pending()
    future.set_exception(asyncio.CancelledError())
    return future.cancelled(), type(future.exception()).__name__
",
    )
}

#[runtime::test]
fn a_callback_whose_context_cannot_be_entered_is_told_of() -> PyResult<()> {
    compare(
        c"
import contextvars, threading
async def story(make):
    seen = []
    handler = lambda loop, context: seen.append(type(context['exception']).__name__)
    asyncio.get_running_loop().set_exception_handler(handler)
    future, context, called = make.pending(), contextvars.copy_context(), []
    entered, leave = threading.Event(), threading.Event()
    other = threading.Thread(target=context.run, args=(lambda: (entered.set(), leave.wait()),))
    other.start()
    entered.wait()
    future.add_done_callback(called.append, context=context)
    future.add_done_callback(called.append)
    future.cancel()
    for _ in range(10):
        await asyncio.sleep(0)
    leave.set()
    other.join()
    # From Python 3.12 on asyncio itself has the handler called in the context, where it cannot be.
    assert isinstance(make, Own) or seen == ['RuntimeError'], seen
    return len(called)
",
    )
}
