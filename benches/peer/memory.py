"""Memory and threads: what a pending future takes, and what is left behind by many conversions.

Each implementation is looked at in a process of its own, as memory that one has given back is there for the next.
"""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any, Callable, Dict, Optional

PENDING = 20_000
BATCH = 1_000

#: How the implementations are called, as plain.Waiting and the bridges name their functions.
NAMES = ["into_coroutine", "future_into_py", "peer", "asyncio coroutine", "asyncio future"]


def look_at(name: str, script: str, loop: str, conversions: int) -> Dict[str, Any]:
    """Starts a process that looks at one implementation."""
    command = [sys.executable, script, "--loop", loop, "--conversions", str(conversions), "--memory-of", name]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return json.loads(output)


async def report(name: str, conversions: int) -> Dict[str, Any]:
    """Looks at one implementation in this process."""
    never, ready, start = _functions(name)
    await _convert(ready, 10 * BATCH)
    pending = await _bytes_per_pending(never, start)
    before = resident_bytes()
    await _convert(ready, conversions)
    grown = _difference(resident_bytes(), before)
    return {
        "implementation": name,
        "bytes_per_pending": pending,
        "conversions": conversions,
        "grown_bytes": grown,
        "threads": threads(),
    }


def _functions(name: str) -> "tuple[Callable[[], Any], Callable[[], Any], Callable[[Any], Any]]":
    """Returns what makes a future that is never done, one that is ready, and what starts the former."""
    import bench_bridge
    import plain

    if name == "asyncio future":
        return plain.Waiting().future, plain.done_future, lambda future: future
    if name == "asyncio coroutine":
        return plain.Waiting().coroutine, plain.ready, lambda coroutine: coroutine.send(None)
    bridge = getattr(bench_bridge, name)
    if name == "into_coroutine":
        # What a task would do, without the task, which is not the bridge's to account for.
        return bridge.never, bridge.ready, lambda coroutine: coroutine.send(None)
    return bridge.never, bridge.ready, lambda future: future


async def _bytes_per_pending(never: Callable[[], Any], start: Callable[[Any], Any]) -> Optional[float]:
    held: "list[Any]" = [None] * PENDING
    before = resident_bytes()
    for index in range(PENDING):
        held[index] = never()
        start(held[index])
    # The runtime's threads poll each of them once.
    await asyncio.sleep(0.5)
    grown = _difference(resident_bytes(), before)
    for pending in held:
        (pending.close if hasattr(pending, "close") else pending.cancel)()
    held.clear()
    await asyncio.sleep(0.5)
    return None if grown is None else grown / PENDING


async def _convert(ready: Callable[[], Any], count: int) -> None:
    for _ in range(0, count, BATCH):
        await asyncio.gather(*[ready() for _ in range(BATCH)])


def resident_bytes() -> Optional[int]:
    """Returns how much memory of the process is resident, where the system says so."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def threads() -> Optional[int]:
    """Returns how many threads the process has, where the system says so."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return None


def _difference(after: Optional[int], before: Optional[int]) -> Optional[int]:
    return None if after is None or before is None else after - before
