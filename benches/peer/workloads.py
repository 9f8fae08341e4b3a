"""The workloads, and what each implementation does for them."""

import asyncio
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Dict, List

import bench_bridge
import plain
from measure import Meter, Run

COROUTINE = "into_coroutine"
FUTURE = "future_into_py"
STREAM = "pyo3-aio"
PEER = "peer"
PEER_V1 = "peer (v1)"
PLAIN_COROUTINE = "asyncio coroutine"
PLAIN_FUTURE = "asyncio future"
PLAIN_THREAD = "asyncio thread"
PLAIN_GENERATOR = "asyncio generator"

#: What plain asyncio has in the place of each implementation, the best match first.
COUNTERPARTS = {
    COROUTINE: [PLAIN_COROUTINE, PLAIN_THREAD],
    FUTURE: [PLAIN_FUTURE, PLAIN_THREAD, PLAIN_COROUTINE],
    STREAM: [PLAIN_GENERATOR],
}

BRIDGES = {
    COROUTINE: bench_bridge.into_coroutine,
    FUTURE: bench_bridge.future_into_py,
    PEER: bench_bridge.peer,
}

#: The streams of pyo3-aio; None where the module was built without them.
STREAMS = getattr(bench_bridge, "streams_of_pyo3_aio", None)


@dataclass(frozen=True)
class Workload:
    """Something that every implementation can do."""

    name: str
    about: str
    runs: Dict[str, Run]


def all_workloads() -> List[Workload]:
    """Returns every workload that is timed."""
    waiting, thread = plain.Waiting(), plain.Thread()
    return [
        _ready(),
        _oneshot(thread),
        _gather(1_000, waiting),
        _gather(10_000, waiting),
        _gather_ready(1_000),
        _gather_ready(10_000),
        _call_in_turn(),
        _call_at_once(),
        _round_trip(),
        _stream("stream-ready", "Rust's stream to Python, its items ready", "ready_items"),
        _stream("stream-channel", "Rust's stream to Python, its items sent by a task", "channel_items"),
        _generator(),
        _cancel(10_000, waiting),
    ]


def _bridged(make: Callable[[Any], Run]) -> Dict[str, Run]:
    return {name: make(bridge) for name, bridge in BRIDGES.items()}


def _ready() -> Workload:
    runs = _bridged(lambda bridge: _await(bridge.ready))
    runs[PLAIN_COROUTINE] = _await(plain.ready)
    return Workload("ready", "await a future that is ready", runs)


def _oneshot(thread: plain.Thread) -> Workload:
    runs = _bridged(lambda bridge: _await(bridge.oneshot))
    runs[PLAIN_THREAD] = _await(thread.oneshot)
    return Workload("oneshot", "await a future that another thread completes", runs)


def _gather(count: int, waiting: plain.Waiting) -> Workload:
    runs = _bridged(lambda bridge: _gather_pending(count, bridge.pending, bench_bridge.complete))
    runs[PLAIN_COROUTINE] = _gather_pending(count, waiting.coroutine, waiting.complete)
    runs[PLAIN_FUTURE] = _gather_pending(count, waiting.future, waiting.complete)
    return Workload(f"gather-{count}", "gather futures that another thread completes", runs)


def _gather_ready(count: int) -> Workload:
    runs = _bridged(lambda bridge: _gather_all(count, bridge.ready))
    runs[PLAIN_COROUTINE] = _gather_all(count, plain.ready)
    runs[PLAIN_FUTURE] = _gather_all(count, plain.done_future)
    return Workload(f"gather-ready-{count}", "gather futures that are ready", runs)


def _call_in_turn(count: int = 1_000) -> Workload:
    runs = _bridged(lambda bridge: _one_call(count, bridge.call_in_turn))
    runs[PLAIN_COROUTINE] = _one_call(count, plain.call_in_turn)
    return Workload("call-in-turn", "Rust awaits Python coroutines one after the other", runs)


def _call_at_once(count: int = 1_000) -> Workload:
    runs = _bridged(lambda bridge: _one_call(count, bridge.call_at_once))
    runs[PLAIN_COROUTINE] = _one_call(count, plain.call_at_once)
    return Workload("call-at-once", "Rust awaits 1,000 Python coroutines at once", runs)


def _round_trip() -> Workload:
    runs = _bridged(lambda bridge: _await(partial(bridge.call, plain.ready)))
    runs[PLAIN_COROUTINE] = _await(partial(plain.call, plain.ready))
    return Workload("round-trip", "Python awaits Rust, which awaits Python", runs)


def _stream(name: str, about: str, function: str) -> Workload:
    runs = {}
    if STREAMS:
        runs[STREAM] = _iterate(getattr(STREAMS, function))
    runs[PEER] = _iterate(getattr(bench_bridge.streams_of_peer, function))
    runs[PLAIN_GENERATOR] = _iterate(plain.items)
    return Workload(name, about, runs)


def _generator() -> Workload:
    runs = {}
    if STREAMS:
        runs[STREAM] = _consume(STREAMS.consume)
    runs[PEER] = _consume(bench_bridge.streams_of_peer.consume_v2)
    runs[PEER_V1] = _consume(bench_bridge.streams_of_peer.consume_v1)
    runs[PLAIN_GENERATOR] = _consume(plain.consume)
    return Workload("generator", "Python's asynchronous generator to Rust", runs)


def _cancel(count: int, waiting: plain.Waiting) -> Workload:
    runs = _bridged(lambda bridge: _cancel_all(count, bridge.pending, bench_bridge.forget))
    # A coroutine is cancelled through its task.
    runs[COROUTINE] = _cancel_all(count, _in_task(BRIDGES[COROUTINE].pending), bench_bridge.forget)
    runs[PLAIN_COROUTINE] = _cancel_all(count, _in_task(waiting.coroutine), waiting.forget)
    runs[PLAIN_FUTURE] = _cancel_all(count, waiting.future, waiting.forget)
    return Workload(f"cancel-{count}", "cancel futures, and await them", runs)


def _in_task(start: Callable[[], Any]) -> Callable[[], Any]:
    return lambda: asyncio.get_running_loop().create_task(start())


def _await(start: Callable[[], Any], count: int = 1_000) -> Run:
    async def run(meter: Meter) -> None:
        with meter.of(count):
            for _ in range(count):
                await start()

    return run


def _gather_pending(count: int, start: Callable[[], Any], complete: Callable[[], None]) -> Run:
    async def run(meter: Meter) -> None:
        with meter.of(count):
            gathered = asyncio.gather(*[start() for _ in range(count)])
            # Coroutines start in the turn that follows.
            await asyncio.sleep(0)
            complete()
            await gathered

    return run


def _gather_all(count: int, start: Callable[[], Any]) -> Run:
    async def run(meter: Meter) -> None:
        with meter.of(count):
            await asyncio.gather(*[start() for _ in range(count)])

    return run


def _one_call(count: int, function: Callable[[Any, int], Any]) -> Run:
    async def run(meter: Meter) -> None:
        with meter.of(count):
            await function(plain.ready, count)

    return run


def _iterate(items: Callable[[int], Any], count: int = 1_000) -> Run:
    async def run(meter: Meter) -> None:
        with meter.of(count):
            async for _ in items(count):
                pass

    return run


def _consume(function: Callable[[Any], Any], count: int = 5_000) -> Run:
    async def run(meter: Meter) -> None:
        with meter.of(count):
            await function(plain.items(count))

    return run


def _cancel_all(count: int, start: Callable[[], Any], forget: Callable[[], None]) -> Run:
    async def run(meter: Meter) -> None:
        futures = [start() for _ in range(count)]
        # The runtime's threads poll each of them once, so that none is cancelled before it has started.
        await asyncio.sleep(0.1)
        with meter.of(count):
            for future in futures:
                future.cancel()
            await asyncio.gather(*futures, return_exceptions=True)
        forget()

    return run
