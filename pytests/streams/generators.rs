//! Asynchronous generators of Python's.

use std::ffi::CStr;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::fixtures::python::python;

/// Generators, and what they have done.
pub(crate) const GENERATORS: &CStr = c"
import contextvars

done, variable = [], contextvars.ContextVar('variable', default='default')

async def count(end):
    try:
        for number in range(end):
            done.append(number)
            yield number
    finally:
        await asyncio.sleep(0)
        done.append('closed')

async def chunks(kind, size):
    for number in range(50):
        done.append(number)
        yield kind(size)

async def sleepy(end):
    for number in range(end):
        await asyncio.sleep(0.001 if number % 3 else 0)
        yield number

async def fails(end):
    for number in range(end):
        yield number
    raise mine

async def waits():
    try:
        yield 0
        done.append('waits')
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0)
        done.append('closed')

async def survives():
    yield 0
    try:
        done.append('waits')
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        pass
    try:
        yield 1
    finally:
        await asyncio.sleep(0)
        done.append(getattr(asyncio.current_task(), 'cancelling', int)())

async def cancels_itself():
    yield 0
    asyncio.current_task().cancel('why')
    await asyncio.sleep(0)

async def reads():
    yield variable.get()
    async with asyncio.timeout(10) if hasattr(asyncio, 'timeout') else asyncio.Lock():
        await asyncio.sleep(0)
    yield variable.get()
    yield type(asyncio.current_task()).__name__

class Iterable:
    def __aiter__(self):
        done.append('aiter')
        return sleepy(3)

class Iterator:
    at = 0
    def __init__(self, end):
        self.end = end
    def __anext__(self):
        self.at += 1
        future = asyncio.get_running_loop().create_future()
        if self.at > self.end:
            future.set_exception(StopAsyncIteration())
        else:
            asyncio.get_running_loop().call_soon(future.set_result, self.at)
        return future
    async def aclose(self):
        done.append('closed')

class NoAwaitable:
    def __aiter__(self):
        return self
    def __anext__(self):
        return 42

class Awaits:
    def __init__(self, how):
        self.how = how
    def __aiter__(self):
        return self
    def __anext__(self):
        return self
    def __await__(self):
        return self.how()

async def error_of(iterable):
    try:
        async for _ in iterable:
            pass
    except Exception as error:
        return told(error)

def told(error):
    return f'{error!r} from {error.__cause__!r}'

async def closes_badly():
    try:
        while True:
            yield 0
    finally:
        raise mine

async def tell(told):
    handler = None if told is None else lambda loop, context: told.append(context)
    asyncio.get_running_loop().set_exception_handler(handler)

async def settled(condition):
    for _ in range(1000):
        if condition():
            return True
        await asyncio.sleep(0.002)
    return False
";

/// The generators with an exception of one's own.
pub(crate) fn generators(py: Python<'_>) -> PyResult<Py<PyDict>> {
    let names = python(py, GENERATORS)?;
    py.run(c"mine = ValueError('mine')", Some(&names), None)?;
    Ok(names.unbind())
}

/// Evaluates an expression over the generators.
pub(crate) fn eval<'py>(py: Python<'py>, names: &Py<PyDict>, code: &CStr) -> Bound<'py, PyAny> {
    py.eval(code, Some(names.bind(py)), None).unwrap()
}
