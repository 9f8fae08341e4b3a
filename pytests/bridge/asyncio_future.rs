//! A future is an `asyncio.Future` to code that asks for the class or looks inside: `isinstance`, anyio, Tornado, `repr`.

use std::ffi::CStr;

use pyo3::prelude::*;

use super::futures::compare;
use crate::fixtures::python::{call, function, python, require};
use crate::runtime;

/// Calls `main` of a program, which is given a function that makes a pending future.
fn run(program: &CStr) -> PyResult<()> {
    Python::attach(|py| {
        let names = python(py, program)?;
        let pending = function(py, |py| {
            runtime::future_into_py::<_, ()>(py, std::future::pending())
        })?;
        call(&names, "main", pending).map(drop)
    })
}

#[runtime::test]
fn a_future_is_an_instance_of_the_class() -> PyResult<()> {
    compare(
        c"
import collections.abc
async def story(make):
    future, task = make.pending(), asyncio.current_task()
    return [
        isinstance(future, asyncio.Future), isinstance(future, asyncio.Task), isinstance(future, type(task)),
        isinstance(future, (int, asyncio.Future)), isinstance(future, int), isinstance(future, collections.abc.Awaitable),
        future.__class__ is asyncio.Future, asyncio.isfuture(future), asyncio.ensure_future(future) is future,
        asyncio.wrap_future(future) is future,
    ]
",
    )
}

#[runtime::test]
fn the_c_code_of_asyncio_does_not_read_a_future_as_its_own() -> PyResult<()> {
    run(c"
def main(pending):
    async def main():
        future = pending()
        # Each of these has a fast path for `asyncio.Future`, which reads the C structure.
        for method in asyncio.Future.done, asyncio.Future.result, asyncio.Future.__await__:
            try:
                method(future)
            except TypeError:
                continue
            assert False, method
        waiting = asyncio.ensure_future(asyncio.wait_for(future, 10))
        await asyncio.sleep(0)
        future.set_result(5)
        assert await waiting == 5
        asyncio.tasks._register_task(future)
        asyncio.tasks._unregister_task(future)
        loop = asyncio.get_running_loop()
        cancelled = pending()
        loop.call_soon(cancelled.cancel, 'why')
        try:
            await asyncio.gather(cancelled, asyncio.sleep(0))
        except asyncio.CancelledError:
            assert cancelled.cancelled()
    asyncio.run(main())
")
}

#[runtime::test]
fn attributes_of_ones_own_can_be_set() -> PyResult<()> {
    compare(
        c"
async def story(make):
    future = make.pending()
    future.tag = 1
    said = [future.tag, hasattr(future, 'other')]
    del future.tag
    said.append(hasattr(future, 'tag'))
    for name in '_state', '_loop', '__class__':
        try:
            setattr(future, name, 5)
        except (AttributeError, TypeError):
            said.append(name)
    for name in 'other', 'tag', '_state':
        try:
            delattr(future, name)
        except (AttributeError, TypeError):
            said.append(name)
    try:
        future.other
    except AttributeError as error:
        kind = type(future)
        said.append(str(error).replace(kind.__module__ + '.', '').replace(kind.__name__, 'Future'))
    return said, getattr(future, 'other', 'default')
",
    )
}

#[runtime::test]
fn a_cycle_through_an_attribute_is_collected() -> PyResult<()> {
    compare(
        c"
class Thing:
    pass
async def story(make):
    future, thing = make.pending(), Thing()
    future.thing, thing.future = thing, future
    gone = weakref.ref(thing)
    future.cancel()
    del future, thing
    for _ in range(1000):
        gc.collect()
        if gone() is None:
            return 'collected'
        await asyncio.sleep(0.001)
",
    )
}

#[runtime::test]
fn a_future_shows_what_one_of_asyncio_shows() -> PyResult<()> {
    compare(
        c"
def called(future):
    pass
def other(future):
    pass
async def story(make):
    pending, waited, done, failed, cancelled = [make.pending() for _ in range(5)]
    waited.add_done_callback(called)
    crowd = make.pending()
    for function in called, other, called, called:
        crowd.add_done_callback(function)
    done.set_result('a' * 1000)
    failed.set_exception(ValueError('text'))
    cancelled.cancel('why')
    itself = make.pending()
    itself.set_result([itself])
    futures = [pending, waited, crowd, done, failed, cancelled, itself]
    said = [repr(future) for future in futures]
    for future in futures[:-1]:
        said.append([getattr(future, name) for name in ('_state', '_result', '_log_traceback', '_cancel_message')])
        said.append([function.__name__ for function, context in future._callbacks or ()])
        said.append(repr(future._exception))
    said.append(failed._log_traceback)
    try:
        failed._log_traceback = True
    except ValueError as error:
        said.append(error.args)
    # The exception is not reported then.
    failed._log_traceback = False
    said.append(failed._log_traceback)
    # A task's repr shows what it waits for.
    async def waits():
        await pending
    task = asyncio.ensure_future(waits())
    await asyncio.sleep(0)
    said.append('wait_for=<Future pending cb=[' in repr(task))
    task.cancel()
    return said
",
    )
}

/// Under the stable ABI and in builds without the GIL the collector clears the exception before the future reports it.
#[runtime::test]
fn a_future_that_is_collected_with_its_exception_can_be_printed() -> PyResult<()> {
    run(c"
import time
def main(pending):
    async def main():
        told = []
        handler = lambda loop, context: told.append((repr(context['future']), repr(context['exception'])))
        asyncio.get_running_loop().set_exception_handler(handler)
        def fails():
            future, error = pending(), ValueError('text')
            error.future = future
            future.set_exception(error)
        fails()
        limit = time.monotonic() + 10
        while not told and time.monotonic() < limit:
            gc.collect()
            await asyncio.sleep(0.001)
        [(future, exception)] = told
        assert exception in future or exception == 'None', told
    asyncio.run(main())
")
}

#[runtime::test]
fn a_future_refuses_what_one_of_asyncio_refuses() -> PyResult<()> {
    compare(
        c"
async def story(make):
    said = []
    def ask(future, name, *arguments, **keywords):
        try:
            said.append(repr(getattr(future, name)(*arguments, **keywords)))
        except (Exception, asyncio.CancelledError) as error:
            is_parsing = type(error) is TypeError and error.args[0] != 'invalid exception object'
            said.append((type(error).__name__, () if is_parsing else error.args))
    for end in (
        lambda future: None,
        lambda future: future.set_result(1),
        lambda future: future.set_exception(KeyError('text')),
        lambda future: future.cancel(),
        lambda future: future.cancel('why'),
    ):
        for name, arguments in [
            ('result', ()), ('exception', ()), ('set_result', (1,)), ('set_exception', (ValueError('again'),)),
            ('set_exception', (5,)), ('set_exception', (int,)), ('cancel', ()), ('cancel', ('other',)),
            ('cancelled', ()), ('done', ()), ('result', (1,)), ('set_result', ()), ('cancel', (1, 2)),
            ('add_done_callback', ()), ('remove_done_callback', ()), ('remove_done_callback', (print,)),
            ('get_loop', (1,)), ('add_done_callback', (print, 1)),
        ]:
            future = make.pending()
            end(future)
            ask(future, name, *arguments)
            if future.done() and not future.cancelled():
                future.exception()
    future = make.pending()
    for name in 'set_result', 'set_exception', 'add_done_callback', 'remove_done_callback':
        for keyword in 'result', 'exception', 'fn', 'function':
            ask(future, name, **{keyword: ValueError})
    return said
",
    )
}

#[runtime::test]
fn a_stop_iteration_is_refused_as_by_asyncio() -> PyResult<()> {
    compare(
        c"
async def story(make):
    future = make.pending()
    try:
        future.set_exception(StopIteration(1))
        return str(future.exception()), future.exception().__cause__.value
    except Exception as error:
        return type(error).__name__, error.args
",
    )
}

#[runtime::test]
fn the_message_of_a_cancellation_can_be_replaced() -> PyResult<()> {
    compare(
        c"
async def story(make):
    said = []
    for message in 'other', None:
        future = make.pending()
        future.cancel('why')
        future._cancel_message = message
        try:
            await future
        except asyncio.CancelledError as error:
            said.append(error.args)
        said.append(future._cancel_message)
    return said
",
    )
}

#[runtime::test]
fn the_class_takes_a_type_in_brackets() -> PyResult<()> {
    compare(
        c"
async def story(make):
    alias = type(make.pending())[int]
    return type(alias).__name__, alias.__args__
",
    )
}

/// Two answers arrive in one turn of the loop, and the first cancels the scope of the one who waits for the second.
#[runtime::test]
fn anyio_keeps_an_answer_that_has_arrived() -> PyResult<()> {
    require("anyio");
    run(c"
import anyio
def main(pending):
    async def main():
        for make in asyncio.get_running_loop().create_future, pending:
            first, second, answers = make(), make(), []
            scope = anyio.CancelScope()
            async def waits_for_first():
                answers.append(await first)
                scope.cancel()
            async def waits_for_second():
                with scope:
                    answers.append(await second)
            async with anyio.create_task_group() as group:
                group.start_soon(waits_for_first)
                group.start_soon(waits_for_second)
                await anyio.wait_all_tasks_blocked()
                first.set_result(1)
                second.set_result(2)
            assert answers == [1, 2], answers
    asyncio.run(main())
")
}

#[runtime::test]
fn tornado_takes_a_future() -> PyResult<()> {
    require("tornado");
    run(c"
from datetime import timedelta
from tornado import concurrent, gen, ioloop
def main(pending):
    async def main():
        loop = asyncio.get_running_loop()
        def soon(value):
            future = pending()
            loop.call_soon(future.set_result, value)
            return future
        @gen.coroutine
        def yields():
            one = yield soon(1)
            two, three = yield [soon(2), soon(3)]
            four = yield {'four': soon(4)}
            return one, two, three, four
        assert concurrent.is_future(pending()) and gen.is_future(pending())
        assert await yields() == (1, 2, 3, {'four': 4})
        assert await gen.with_timeout(timedelta(seconds=10), soon(5)) == 5
        try:
            await gen.with_timeout(timedelta(milliseconds=1), pending())
        except gen.TimeoutError:
            pass
        else:
            assert False
        assert await gen.multi([soon(6), soon(7)]) == [6, 7]
        called = loop.create_future()
        ioloop.IOLoop.current().add_future(soon(8), called.set_result)
        assert (await called).result() == 8
        target = concurrent.Future()
        concurrent.chain_future(soon(9), target)
        assert await target == 9
    asyncio.run(main())
")
}
