"""Measures asynchronous functions: wall clock, CPU time and voluntary context switches per operation."""

import gc
import statistics
import time
from dataclasses import dataclass, field
from typing import Awaitable, Callable, Dict, List

try:
    import resource
except ImportError:  # Windows
    resource = None


class Meter:
    """Adds up what passes inside `with meter.of(count):`."""

    def __init__(self) -> None:
        self.operations = 0
        self.seconds = 0.0
        self.cpu = 0.0
        self.switches = 0

    def of(self, operations: int) -> "Meter":
        """Announces how many operations the block that follows performs."""
        self.operations += operations
        return self

    def __enter__(self) -> None:
        self._usage = usage()
        self._started = time.perf_counter()

    def __exit__(self, *_raised: object) -> None:
        self.seconds += time.perf_counter() - self._started
        cpu, switches = usage()
        self.cpu += cpu - self._usage[0]
        self.switches += switches - self._usage[1]


def usage() -> "tuple[float, int]":
    """Returns the seconds of CPU and the voluntary context switches of all threads of the process so far."""
    if resource is None:
        return time.process_time(), 0
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime, used.ru_nvcsw


Run = Callable[[Meter], Awaitable[None]]


@dataclass
class Samples:
    """The rounds of one implementation, per operation; times are in microseconds."""

    wall: List[float] = field(default_factory=list)
    cpu: List[float] = field(default_factory=list)
    switches: List[float] = field(default_factory=list)

    def add(self, meter: Meter) -> None:
        """Adds a round."""
        self.wall.append(meter.seconds / meter.operations * 1e6)
        self.cpu.append(meter.cpu / meter.operations * 1e6)
        self.switches.append(meter.switches / meter.operations)

    def summary(self) -> Dict[str, float]:
        """Returns the medians, and the least time."""
        return {
            "us": statistics.median(self.wall),
            "us_min": min(self.wall),
            "cpu_us": statistics.median(self.cpu),
            "switches": statistics.median(self.switches),
        }


async def one_round(run: Run, seconds: float) -> Meter:
    """Repeats `run` until it has been measured for so long."""
    gc.collect()
    meter = Meter()
    while meter.seconds < seconds:
        await run(meter)
    return meter


async def alternate(runs: Dict[str, Run], rounds: int, seconds: float) -> Dict[str, Samples]:
    """Measures implementations in turns, each round beginning with another one, after a short round to warm up."""
    names = list(runs)
    for name in names:
        await one_round(runs[name], seconds / 10)
    samples = {name: Samples() for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            samples[name].add(await one_round(runs[name], seconds))
    return samples
