"""Compares pyo3-aio with pyo3-async-runtimes and with plain asyncio; `run.sh` builds and calls it."""

import argparse
import asyncio
import json
import platform
import sys
from typing import Any, Dict, List

import measure
import memory
import report
import workloads

MEMORY = "memory"


def main() -> None:
    """Runs what the command line asks for."""
    known = {workload.name: workload for workload in workloads.all_workloads()}
    options = _parse([*known, MEMORY])
    if options.list:
        _list(known.values())
    elif options.memory_of:
        print(json.dumps(_run(memory.report(options.memory_of, options.conversions), options.loop)))
    else:
        names = options.workloads or [*known, MEMORY]
        timed = [known[name] for name in names if name != MEMORY]
        results = _run(_time(timed, options), options.loop) if timed else []
        remembered = _look_at_memory(options) if MEMORY in names else []
        if options.json:
            print(json.dumps({**_environment(options), "timed": results, "memory": remembered}, indent=2))


def _parse(names: List[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="all where none is named; see --list")
    parser.add_argument("--list", action="store_true", help="print the workloads")
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="asyncio")
    parser.add_argument("--rounds", type=int, default=5, help="how often each implementation has its turn")
    parser.add_argument("--seconds", type=float, default=0.1, help="how long a turn is measured at least")
    parser.add_argument("--conversions", type=int, default=100_000, help="how many in `memory`")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    parser.add_argument("--memory-of", choices=memory.NAMES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = set(options.workloads) - set(names)
    if unknown:
        parser.error(f"no such workload: {', '.join(sorted(unknown))} (there are {', '.join(names)})")
    return options


def _list(known: Any) -> None:
    for workload in known:
        print(f"{workload.name:18} {workload.about}")
    print(f"{MEMORY:18} memory and threads, each implementation in a process of its own")


def _run(coroutine: Any, loop_name: str) -> Any:
    if loop_name == "uvloop":
        import uvloop

        loop = uvloop.new_event_loop()
    else:
        loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(coroutine)
    finally:
        loop.close()


async def _time(timed: List[workloads.Workload], options: argparse.Namespace) -> List[report.Row]:
    results: List[report.Row] = []
    if not options.json:
        print(f"Python {platform.python_version()}, {options.loop}")
        report.print_header()
    for workload in timed:
        samples = await measure.alternate(workload.runs, options.rounds, options.seconds)
        rows = report.rows(workload.name, {name: sample.summary() for name, sample in samples.items()})
        results.extend(rows)
        if not options.json:
            report.print_rows(rows)
    return results


def _look_at_memory(options: argparse.Namespace) -> List[report.Row]:
    results = [memory.look_at(name, __file__, options.loop, options.conversions) for name in memory.NAMES]
    if not options.json:
        report.print_memory(results)
    return results


def _environment(options: argparse.Namespace) -> Dict[str, str]:
    return {"python": platform.python_version(), "loop": options.loop, "platform": sys.platform}


if __name__ == "__main__":
    main()
