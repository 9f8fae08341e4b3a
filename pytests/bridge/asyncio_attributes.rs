//! Each attribute of `asyncio.Future` and of its iterator, as this Python has them, used in each state of a future.

use pyo3::prelude::*;

use super::futures::compare;
use crate::runtime;

/// An attribute that a later Python adds fails this test until it has an entry in `USES`.
#[runtime::test]
fn each_attribute_behaves_as_that_of_asyncio() -> PyResult<()> {
    compare(
        c"
import types

def text(value, future):
    if value is future:
        return 'the future'
    if isinstance(value, BaseException):
        return [type(value).__name__, value.args, type(value.__cause__).__name__]
    if isinstance(value, types.GenericAlias):
        return [value.__args__, value.__origin__ is type(future)]
    if isinstance(value, (list, tuple)):
        return [text(one, future) for one in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return type(value).__name__

def outcome(use, future):
    try:
        return text(use(future), future)
    except BaseException as error:
        return text(error, future)

def called(future):
    pass

def registered(future):
    pass

def registers(future):
    # Done futures schedule the callback, which `_callbacks` does not show.
    before = future._callbacks or []
    answers = [future.add_done_callback(called), future.add_done_callback(called, context=None)]
    answers.append(len(future._callbacks or []) - len(before))
    return [*answers, future.remove_done_callback(called), future.remove_done_callback(called)]

def sets(name, value):
    def use(future):
        setattr(future, name, value)
        return getattr(future, name)
    return use

USES = {
    '__await__': [lambda future: next(future.__await__()), lambda future: future.__await__().send(1)],
    '__class_getitem__': [lambda future: type(future)[int], lambda future: type(future)[int, str]],
    # Where the class has it is a matter of the collector: `tp_finalize`.
    '__del__': [],
    '__iter__': [lambda future: next(iter(future)), lambda future: list(iter(future))],
    # The class is not in asyncio's module.
    '__module__': [],
    '_asyncio_future_blocking': [
        lambda future: future._asyncio_future_blocking,
        sets('_asyncio_future_blocking', True),
        sets('_asyncio_future_blocking', False),
        lambda future: (next(iter(future)), future._asyncio_future_blocking),
        lambda future: delattr(future, '_asyncio_future_blocking'),
    ],
    # Python 3.14 keeps it for its own classes alone (`future_add_to_awaited_by`, which asks for `Py_TYPE`).
    '_asyncio_awaited_by': [],
    '_callbacks': [lambda future: future._callbacks, lambda future: setattr(future, '_callbacks', [])],
    '_cancel_message': [lambda future: future._cancel_message],
    '_exception': [lambda future: future._exception],
    '_log_traceback': [
        lambda future: future._log_traceback,
        sets('_log_traceback', False),
        lambda future: setattr(future, '_log_traceback', True),
        lambda future: delattr(future, '_log_traceback'),
    ],
    '_loop': [lambda future: future._loop is asyncio.get_running_loop()],
    '_make_cancelled_error': [lambda future: future._make_cancelled_error()],
    '_repr_info': [lambda future: future._repr_info()],
    '_result': [lambda future: future._result],
    '_source_traceback': [lambda future: future._source_traceback],
    '_state': [lambda future: future._state],
    'add_done_callback': [registers],
    'cancel': [
        lambda future: (future.cancel(), future.cancel(), future.cancelled()),
        lambda future: (future.cancel('first'), future.cancel('second'), future._cancel_message),
        lambda future: future.cancel(msg='why'),
    ],
    'cancelled': [lambda future: future.cancelled()],
    'done': [lambda future: future.done()],
    'exception': [lambda future: future.exception(), lambda future: (future.exception(), future._log_traceback)],
    'get_loop': [lambda future: future.get_loop() is future._loop],
    'remove_done_callback': [lambda future: future.remove_done_callback(called)],
    'result': [lambda future: future.result()],
    'set_exception': [
        lambda future: (future.set_exception(ValueError('set')), future.exception()),
        lambda future: (future.set_exception(ValueError), future.exception()),
        lambda future: (future.set_exception(KeyboardInterrupt('set')), future.exception()),
        lambda future: future.set_exception(StopIteration),
        lambda future: future.set_exception('text'),
    ],
    'set_result': [lambda future: (future.set_result(5), future.result()), lambda future: future.set_result(None)],
}
ITERATOR_USES = {
    '__iter__': [lambda iterator: iter(iterator) is iterator],
    '__module__': [],
    '__next__': [next, list],
    'close': [lambda iterator: iterator.close(), lambda iterator: (iterator.close(), iterator.close())],
    'send': [lambda iterator: iterator.send(None), lambda iterator: iterator.send(5)],
    'throw': [
        lambda iterator: iterator.throw(KeyError('thrown')),
        lambda iterator: iterator.throw(KeyError),
        lambda iterator: iterator.throw(KeyboardInterrupt()),
        lambda iterator: iterator.throw(object()),
    ],
}
STATES = {
    'pending': lambda future: None,
    'with a result': lambda future: future.set_result((1, 2)),
    'failed': lambda future: future.set_exception(KeyError('text')),
    'cancelled': lambda future: future.cancel(),
    'cancelled with a message': lambda future: future.cancel('why'),
    'with callbacks': lambda future: [future.add_done_callback(registered) for _ in range(3)],
}

def attributes(kind):
    return set(dir(kind)) - set(dir(object))

def finish(future):
    if not future.done():
        future.remove_done_callback(registered)
        future.cancel()
    elif not future.cancelled():
        future.exception()

async def story(make):
    answers = {}
    own = asyncio.get_running_loop().create_future()
    iterators = attributes(own.__await__())
    assert attributes(own) <= USES.keys(), attributes(own) - USES.keys()
    assert iterators <= ITERATOR_USES.keys(), iterators - ITERATOR_USES.keys()
    for state, enter in STATES.items():
        for name in sorted(attributes(own)):
            for number, use in enumerate(USES[name]):
                future = make.pending()
                enter(future)
                answers[state, name, number] = outcome(use, future)
                finish(future)
        for name in sorted(iterators):
            for number, use in enumerate(ITERATOR_USES[name]):
                future = make.pending()
                enter(future)
                answers[state, 'iterator', name, number] = outcome(lambda future: use(future.__await__()), future)
                finish(future)
    # The texts that the interpreter makes for wrong uses differ.
    for answer in answers.values():
        if isinstance(answer, list) and answer[:1] in (['TypeError'], ['AttributeError']):
            del answer[1:]
    return answers
",
    )
}
