# Each function misuses an object of CPython's own, which raises the error for it: its text is that of the running Python.

import asyncio
import sys


async def coroutine():
    pass


async def generator():
    while True:
        yield


class Once:
    """An awaitable that yields once."""

    def __await__(self):
        yield


async def waiting_generator():
    await Once()
    yield


class Loop:
    """As much of an event loop as a future needs that nobody awaits."""

    def get_debug(self):
        return False

    def call_soon(self, *args, **kwargs):
        pass

    def call_exception_handler(self, context):
        pass


def future():
    return asyncio.Future(loop=Loop())


def hidden_from_the_loop(function):
    """Hides the generators of the function from the running loop, which would close them in tasks (PEP 525)."""

    def hiding(*arguments):
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(None, None)
        try:
            return function(*arguments)
        finally:
            sys.set_asyncgen_hooks(*hooks)

    return hiding


# Coroutines: `gen_send_ex2` (Objects/genobject.c).


def step_executing_coroutine():
    async def step_itself():
        stepped.send(None)

    stepped = step_itself()
    stepped.send(None)


def step_finished_coroutine():
    finished = coroutine()
    finished.close()
    finished.send(None)


def send_to_unstarted_coroutine():
    unstarted = coroutine()
    try:
        unstarted.send(1)
    finally:
        unstarted.close()


def raise_stop_in_coroutine(error):
    """PEP 479: raises what becomes of a StopIteration that a coroutine raises."""

    async def raises():
        raise StopIteration

    raise_replacement(error, raises())


def raise_replacement(error, raises):
    try:
        raises.send(None)
    except RuntimeError as replacement:
        replacement.__context__ = error
        raise replacement from error


# Asynchronous generators: `async_gen_asend_send`, `async_gen_athrow_send` (Objects/genobject.c).


@hidden_from_the_loop
def step_executing_anext():
    async def step_itself():
        stepped.send(None)
        yield

    stepped = step_itself().__anext__()
    stepped.send(None)


@hidden_from_the_loop
def step_finished_anext():
    finished = generator().__anext__()
    finished.close()
    finished.send(None)


@hidden_from_the_loop
def step_finished_athrow():
    finished = generator().aclose()
    finished.close()
    finished.send(None)


@hidden_from_the_loop
def send_to_unstarted_generator():
    generator().asend(1).send(None)


def step_second(method, *arguments):
    running = waiting_generator()
    first = running.__anext__()
    first.send(None)
    try:
        getattr(running, method)(*arguments).send(None)
    finally:
        first.close()


@hidden_from_the_loop
def anext_of_running_generator():
    step_second("__anext__")


@hidden_from_the_loop
def aclose_of_running_generator():
    step_second("aclose")


@hidden_from_the_loop
def athrow_of_running_generator():
    step_second("athrow", KeyError)


@hidden_from_the_loop
def raise_stop_in_generator(error):
    """PEP 479 and PEP 525: raises what becomes of a StopIteration or StopAsyncIteration that a generator raises."""
    kind = StopIteration if isinstance(error, StopIteration) else StopAsyncIteration

    async def raises():
        raise kind
        yield

    raise_replacement(error, raises().__anext__())


# `await` and `async for`: `_PyCoro_GetAwaitableIter` (Objects/genobject.c), `GET_ANEXT`.


def await_object(awaited):
    async def awaits():
        await awaited

    awaits().send(None)


def stand_in(of, **members):
    """An object whose class is called as another one."""
    members.update(__module__=of.__module__, __qualname__=of.__qualname__)
    return type(of.__name__, (), members)()


def await_object_with_iterator(of, iterator):
    # Not in a closure: the class is in reference cycles, and would keep the iterator until the next collection.
    awaited = stand_in(of, __await__=lambda self: self.iterator)
    awaited.iterator = iterator
    await_object(awaited)


def async_for_item(of):
    class Iterator:
        def __aiter__(self):
            return self

        def __anext__(self):
            return stand_in(of)

    async def iterates():
        async for _ in Iterator():
            pass

    iterates().send(None)


# `throw`: `_gen_throw` (Objects/genobject.c). A finished generator raises what it gets, and adds no frame.


def finished_generator():
    finished = (_ for _ in ())
    finished.close()
    return finished


# Futures: `Modules/_asynciomodule.c`.


def result_of_pending_future():
    future().result()


def exception_of_pending_future():
    future().exception()


def settle_settled_future():
    settled = future()
    settled.cancel()
    settled.set_result(None)


def step_future_that_nobody_took():
    iterator = iter(future())
    next(iterator)
    next(iterator)


def exception_of_failed_future(exception):
    """Returns the exception that a future has after `set_exception(exception)`."""
    failed = future()
    failed.set_exception(exception)
    return failed.exception()
