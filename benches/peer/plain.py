"""What plain asyncio does for the same workloads."""

import asyncio
import queue
import threading
from typing import AsyncIterator, Awaitable, Callable, List


async def ready() -> int:
    """Has its result at once."""
    return 1


def done_future() -> "asyncio.Future[int]":
    """Returns a future that is done."""
    future = asyncio.get_running_loop().create_future()
    future.set_result(1)
    return future


async def call(function: Callable[[], Awaitable[int]]) -> int:
    """Awaits what an async function returns."""
    return await function()


async def call_in_turn(function: Callable[[], Awaitable[int]], count: int) -> None:
    """Awaits an async function in tasks, one after the other."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        await loop.create_task(function())


async def call_at_once(function: Callable[[], Awaitable[int]], count: int) -> None:
    """Starts an async function in tasks, then awaits them all."""
    loop = asyncio.get_running_loop()
    for task in [loop.create_task(function()) for _ in range(count)]:
        await task


async def items(count: int) -> AsyncIterator[int]:
    """Yields numbers without ever suspending."""
    for item in range(count):
        yield item


async def consume(generator: AsyncIterator[int]) -> int:
    """Counts the items of an asynchronous generator."""
    count = 0
    async for _ in generator:
        count += 1
    return count


class Waiting:
    """Futures that wait for `complete`, which settles them in the loop's next turn."""

    def __init__(self) -> None:
        self._futures: "List[asyncio.Future[int]]" = []

    def future(self) -> "asyncio.Future[int]":
        """Returns a future that waits."""
        future = asyncio.get_running_loop().create_future()
        self._futures.append(future)
        return future

    async def coroutine(self) -> int:
        """Awaits a future that waits."""
        return await self.future()

    def complete(self) -> None:
        """Has every future settled."""
        asyncio.get_running_loop().call_soon(self._settle)

    def forget(self) -> None:
        """Forgets the futures, which have been cancelled."""
        self._futures.clear()

    def _settle(self) -> None:
        futures, self._futures = self._futures, []
        for future in futures:
            future.set_result(1)


class Thread:
    """A thread that settles futures by `call_soon_threadsafe`."""

    def __init__(self) -> None:
        self._futures: "queue.SimpleQueue[asyncio.Future[int]]" = queue.SimpleQueue()
        threading.Thread(target=self._settle, daemon=True).start()

    def oneshot(self) -> "asyncio.Future[int]":
        """Returns a future that the thread settles."""
        future = asyncio.get_running_loop().create_future()
        self._futures.put(future)
        return future

    def _settle(self) -> None:
        while True:
            future = self._futures.get()
            future.get_loop().call_soon_threadsafe(future.set_result, 1)
