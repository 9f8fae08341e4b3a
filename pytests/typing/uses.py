"""Uses of the example that are right, and some that are wrong: an ignored error that is none is an error itself."""

import asyncio

import extension


async def coroutines() -> float:
    slept = await extension.sleep(0.1)
    task: asyncio.Task[float] = asyncio.create_task(extension.sleep(0.1))
    wrong: str = await extension.sleep(0.1)  # type: ignore[assignment]
    extension.sleep(0.1).add_done_callback(print)  # type: ignore[attr-defined]
    return slept + await task


async def futures() -> float:
    future: asyncio.Future[float] = extension.start_sleep(0.1)
    future.add_done_callback(print)
    number: int = await extension.ready()
    called: bytes = await extension.call(produce)
    asyncio.create_task(extension.start_sleep(0.1))  # type: ignore[arg-type]
    both = await asyncio.gather(future, extension.sleep(0.1))
    return both[0] + both[1] + number + len(called)


async def items() -> int:
    numbers = [number async for number in extension.count(3)]
    first = await extension.count(3).__anext__()
    wrong: str = first  # type: ignore[assignment]
    await extension.count(3)  # type: ignore[misc]
    await extension.count(3).aclose()
    return sum(numbers) + first


async def produce() -> bytes:
    return b""


slept: float = extension.nap_sync(0.1, print)
asyncio.run(extension.nap(0.1, print))
asyncio.run(extension.nap_sync(0.1, print))  # type: ignore[arg-type]
asyncio.run(coroutines())
asyncio.run(items())
asyncio.run(extension.sleep(0.1))
