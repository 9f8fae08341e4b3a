"""Conversions of every kind on eight event loops, each in a thread of its own.

Meanwhile tasks are cancelled from other threads, loops are closed with conversions pending, and a thread collects garbage. The
first argument is the number of conversions of each kind on each loop. With the second argument `fork` the process also forks.
Prints the conversions per second of one loop and of two, which on a Python without the GIL run at once.
"""

import asyncio
import gc
import os
import signal
import sys
import sysconfig
import threading
import time
import warnings

import extension

# Python 3.12 warns of every fork of a process with threads.
warnings.simplefilter("ignore", DeprecationWarning)

COUNT = int(sys.argv[1])
LOOPS = 8


async def value(number):
    return number


async def coroutines(count):
    for _ in range(count):
        assert await extension.ready() == 1


async def futures(count):
    for _ in range(count // 100):
        assert await asyncio.gather(*(extension.start_sleep(0) for _ in range(100))) == [0] * 100


async def awaitables(count):
    for number in range(count):
        assert await extension.call(lambda: value(number)) == number


async def streams(count):
    expected = 0
    async for number in extension.count(count):
        assert number == expected, (number, expected)
        expected += 1
    assert expected == count


async def generators(count):
    async def numbers():
        for number in range(count):
            yield number

    items, end = [], asyncio.Event()
    loop = asyncio.get_running_loop()

    def take(number):
        items.append(number)
        if len(items) == count:
            loop.call_soon_threadsafe(end.set)

    extension.for_each(numbers(), take)
    await asyncio.wait_for(end.wait(), 600)
    assert items == list(range(count))


KINDS = coroutines, futures, awaitables, streams, generators


def in_threads(functions):
    """Runs the functions, each in a thread; raises the first error. Returns the seconds."""
    errors = []

    def call(function):
        try:
            function()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=call, args=(function,)) for function in functions]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return time.monotonic() - started


class Disturbances:
    """Threads that go on until the end."""

    def __init__(self):
        self.over = threading.Event()
        self.turns = {}

    def repeat(self, name, function):
        while not self.over.is_set():
            function()
            self.turns[name] = self.turns.get(name, 0) + 1

    def collect(self):
        gc.collect()
        time.sleep(0.001)

    def cancel(self):
        """Cancels tasks of a loop that runs on another thread."""

        async def main():
            loop = asyncio.get_running_loop()
            tasks = [asyncio.ensure_future(extension.sleep(60)) for _ in range(50)]
            tasks += [extension.start_sleep(60) for _ in range(50)]
            await asyncio.sleep(0)
            for task in tasks:
                threading.Thread(target=loop.call_soon_threadsafe, args=(task.cancel,)).start()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in done), done

        asyncio.run(main())

    def close(self):
        """Closes a loop that has conversions pending, of which some are just being delivered."""
        loop = asyncio.new_event_loop()

        async def main():
            return [extension.start_sleep(number / 10_000) for number in range(100)]

        pending = loop.run_until_complete(main())
        loop.close()
        del pending

    def fork(self):
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            asyncio.run(coroutines(3))
            os._exit(0)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        time.sleep(0.05)


def main():
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        assert not sys._is_gil_enabled()
    disturbances = Disturbances()

    def work(kind):
        return lambda: asyncio.run(kind(COUNT))

    def all_kinds():
        try:
            for kind in KINDS:
                in_threads([work(kind)] * LOOPS)
        finally:
            disturbances.over.set()

    names = ["collect", "cancel", "close"]
    if "fork" in sys.argv[2:]:
        # Rarely such a child hangs, as another thread had pyo3's list of deferred drops locked (`ReferencePool`); without the GIL
        # also with asyncio alone, in 1 of 3 runs with 57 forks. `fork.rs` is about forks.
        names.append("fork")
    repeats = [
        lambda name=name: disturbances.repeat(name, getattr(disturbances, name)) for name in names
    ]
    seconds = in_threads([all_kinds, *repeats])
    assert all(disturbances.turns.get(name) for name in names), disturbances.turns
    print(f"{COUNT * LOOPS * len(KINDS)} conversions in {seconds:.1f} s; {disturbances.turns}")
    for kind in coroutines, awaitables, streams:
        one = COUNT / in_threads([work(kind)])
        two = 2 * COUNT / in_threads([work(kind)] * 2)
        print(f"{kind.__name__}: {one:.0f}/s on one loop, {two:.0f}/s on two, {two / one:.2f} times as many")


main()
