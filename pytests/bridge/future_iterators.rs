//! The iterator of an `await` of a future, beside asyncio's own.

use pyo3::prelude::*;
use pyo3_aio::testing::skip;

use super::futures::compare;
use crate::runtime;

#[runtime::test]
fn anext_with_a_default_awaits_a_future() -> PyResult<()> {
    if Python::attach(|py| py.version_info() < (3, 10)) {
        skip!("this Python has no `anext`");
    }
    compare(
        c"
class Numbers:
    def __init__(self, future):
        self.future = future
    def __anext__(self):
        return self.future

async def outcome(future, act):
    task = asyncio.ensure_future(with_default(Numbers(future)))
    await asyncio.sleep(0)
    act(future, task)
    try:
        return await task
    except BaseException as error:
        return type(error).__name__, str(error)

async def with_default(numbers):
    return await anext(numbers, 'default')

async def story(make):
    return [
        await outcome(make.pending(), lambda future, task: future.set_result(1)),
        await outcome(make.pending(), lambda future, task: future.set_exception(StopAsyncIteration())),
        await outcome(make.pending(), lambda future, task: future.set_exception(ValueError('text'))),
        await outcome(make.pending(), lambda future, task: future.cancel()),
        await outcome(make.pending(), lambda future, task: task.cancel()),
        await outcome(make.fails(), lambda future, task: None),
    ]
",
    )
}

#[runtime::test]
fn an_iterator_answers_as_that_of_asyncio() -> PyResult<()> {
    compare(
        c"
def said(call, *arguments):
    try:
        return call(*arguments)
    except StopIteration as error:
        return 'StopIteration', error.value
    except BaseException as error:
        return type(error).__name__, error.args

async def story(make):
    answers = []
    for begin in (lambda future: future.__await__()), iter:
        pending, done, failed, cancelled = make.pending(), make.pending(), make.pending(), make.pending()
        done.set_result((1, 2))
        failed.set_exception(ValueError('text'))
        failed.exception()
        cancelled.cancel('why')
        for future in pending, done, failed, cancelled:
            for steps in (
                [('send', None)],
                [('send', 5)],
                # From Python 3.14 on the iterator of asyncio ends again and again as it has ended first.
                [('__next__',)] * (2 if sys.version_info < (3, 14) else 1),
                [('throw', KeyError('thrown'))],
                [('throw', KeyError)],
                [('throw', 5)],
                [('throw',)],
                [('throw', KeyError, None, None)],
                [('throw', KeyError, KeyError('thrown'), 5), ('close',)],
                [('throw', KeyError('thrown'), KeyError('other')), ('close',)],
                [('close',)],
                [('send',)],
                [('close', 1)],
            ):
                iterator = begin(future)
                answers.append(iter(iterator) is iterator)
                for name, *arguments in steps:
                    answer = said(getattr(iterator, name), *arguments)
                    # The texts of wrong calls are those of whoever parses the arguments.
                    answer = 'the future' if answer is future else answer
                    answers.append('TypeError' if answer and answer[0] == 'TypeError' else answer)
                future._asyncio_future_blocking = False
                answers.append((future.done(), future.cancelled()))
    return answers
",
    )
}

#[runtime::test]
fn a_future_is_no_iterator_and_no_coroutine() -> PyResult<()> {
    compare(
        c"
import collections.abc, inspect
async def story(make):
    future = make.pending()
    iterator = future.__await__()
    kinds = 'Awaitable', 'Coroutine', 'Iterable', 'Iterator', 'Generator'
    return [
        [isinstance(it, getattr(collections.abc, kind)) for it in (future, iterator) for kind in kinds],
        [ask(it) for it in (future, iterator) for ask in (asyncio.iscoroutine, inspect.isawaitable, callable)],
        [hasattr(future, name) for name in ('send', 'throw', 'close', '__next__')],
    ]
",
    )
}
