"""Programs that end while event loops run on daemon threads.

    python daemon_loops.py SCENARIO extension   one program that awaits the example's extension module
    python daemon_loops.py SCENARIO asyncio     the same program in Python alone
    python daemon_loops.py measure RUNS         runs each program so often, and prints how many ended badly

A bad end is a signal, a status other than 0, an output on standard error, or none within 30 seconds. The measurement keeps
two other processes busy, so that threads are interrupted at many places.
"""

import asyncio
import subprocess
import sys
import threading
import time


class Asyncio:
    """The functions of the extension module that the scenarios use, in Python alone."""

    @staticmethod
    async def sleep(seconds):
        await asyncio.sleep(seconds)
        return seconds

    @staticmethod
    async def wake(seconds):
        """As `start_sleep`: another thread sets the result."""
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        loop.call_later(seconds, lambda: future.done() or future.set_result(seconds))
        return await future

    @staticmethod
    async def count(end):
        for number in range(end):
            yield number

    @staticmethod
    async def tick(seconds):
        number = 0
        while True:
            await asyncio.sleep(seconds)
            number += 1
            yield number

    @staticmethod
    async def call(function):
        return await asyncio.ensure_future(function())

    @staticmethod
    def for_each(generator, function):
        async def reads():
            async for item in generator:
                function(item)

        reading.append(asyncio.ensure_future(reads()))


reading = []


def wake(module, seconds):
    return module.start_sleep(seconds) if hasattr(module, "start_sleep") else module.wake(seconds)


async def busy(module):
    """Coroutines and streams, ready and pending, all the time."""

    async def reads():
        return [item async for item in module.count(20)]

    while True:
        await asyncio.gather(*[module.sleep(0.0005) for _ in range(20)], *[reads() for _ in range(5)], wake(module, 0))


async def streams(module):
    """A stream of Rust in an `async for`, and a generator of Python that Rust reads."""

    async def generator():
        number = 0
        while True:
            await asyncio.sleep(0)
            number += 1
            yield number

    module.for_each(generator(), lambda item: None)
    async for _item in module.tick(0.0002):
        pass


async def callbacks(module):
    """Python code that runs as a callback of Rust's futures, and Python that Rust awaits."""

    async def called():
        return sum(range(2000))

    while True:
        futures = [asyncio.ensure_future(wake(module, 0.0002)) for _ in range(20)]
        for future in futures:
            future.add_done_callback(lambda future: sum(range(2000)))
        await asyncio.gather(*futures, *[module.call(called) for _ in range(5)])


def on_threads(main, module, seconds):
    for _ in range(4):
        threading.Thread(target=lambda: asyncio.run(main(module)), daemon=True).start()
    time.sleep(seconds)


def facade(module, seconds):
    """A loop in the background, on which synchronous functions run coroutines: one is pending at the end."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    def runs(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop)

    async def waits():
        await asyncio.gather(module.sleep(60), wake(module, 60))

    for _ in range(10):
        assert runs(module.sleep(0.0005)).result(10) == 0.0005
    runs(waits())
    time.sleep(seconds)


SCENARIOS = {
    "busy": lambda module: on_threads(busy, module, 0.05),
    "starting": lambda module: on_threads(busy, module, 0.0),
    "streams": lambda module: on_threads(streams, module, 0.05),
    "callbacks": lambda module: on_threads(callbacks, module, 0.05),
    "facade": lambda module: facade(module, 0.01),
    "facade, at once": lambda module: facade(module, 0.0),
}


def ends_badly(scenario, module):
    """Why a run of the program has ended badly, if it has."""
    command = [sys.executable, __file__, scenario, module]
    try:
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    except subprocess.TimeoutExpired:
        return "hangs"
    if run.returncode or run.stderr:
        return f"status {run.returncode}: {run.stderr.strip()[-300:]}"
    return None


def measure(runs):
    load = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        for scenario in SCENARIOS:
            for module in ("asyncio", "extension"):
                ends = [ends_badly(scenario, module) for _ in range(runs)]
                bad = [end for end in ends if end]
                print(f"{scenario:16} {module:10} {len(bad):4} of {runs}", *sorted(set(bad))[:3], sep="  ", flush=True)
    finally:
        for process in load:
            process.kill()


if __name__ == "__main__":
    name, argument = sys.argv[1:]
    if name == "measure":
        measure(int(argument))
    else:
        SCENARIOS[name](__import__("extension") if argument == "extension" else Asyncio)
