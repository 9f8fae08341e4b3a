//! Calls of an event loop's exception handler for futures of Rust, beside those for asyncio's own.

use std::ffi::CStr;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::fixtures::python::{call, function, python};
use crate::runtime;

/// Collects what is told while `main(fails)` runs, which is given a function for futures that fail.
const TOLD: &CStr = c"
def told(main, debug=False):
    told = []
    async def outer():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: told.append(context))
        await main(loop)
    asyncio.run(outer(), debug=debug)
    return told
";

/// Calls `test(fails)`.
fn run(code: &CStr) -> PyResult<()> {
    Python::attach(|py| {
        let names = python(py, TOLD)?;
        py.run(code, Some(&names), None)?;
        let fails = function(py, |py| {
            runtime::future_into_py::<_, ()>(py, async { Err(PyValueError::new_err("unseen")) })
        })?;
        call(&names, "test", fails).map(drop)
    })
}

#[runtime::test]
fn an_unseen_exception_is_told_as_that_of_a_future_of_asyncio() -> PyResult<()> {
    run(c"
def test(fails):
    def of_asyncio():
        future = asyncio.get_running_loop().create_future()
        future.set_exception(ValueError('unseen'))
        return future
    def reports(make, debug):
        async def main(loop):
            future = make()
            while not future.done():
                await asyncio.sleep(0.001)
            del future
            gc.collect()
        context, = told(main, debug)
        future = context['future']
        assert future.done() and future.exception() is context['exception']
        frames = [frame.name for frame in context.get('source_traceback', [])]
        said = context['message'], str(context['exception']), asyncio.isfuture(future), list(context)
        del context, future
        return said, 'reports' in frames and 'main' in frames
    for debug in False, True:
        expected, said = reports(of_asyncio, debug), reports(fails, debug)
        assert said == expected, (said, expected)
")
}

#[runtime::test]
fn an_exception_that_was_seen_is_not_told() -> PyResult<()> {
    run(c"
def test(fails):
    async def main(loop):
        future = fails()
        try:
            await future
        except ValueError:
            pass
        else:
            assert False
        gathered = await asyncio.gather(fails(), return_exceptions=True)
        assert str(gathered[0]) == 'unseen'
        del future, gathered
        gc.collect()
    assert told(main) == []
")
}
