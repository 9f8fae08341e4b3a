#!/usr/bin/env python3
"""Measures what tests cost that do nothing: under libtest, under libtest-async, and with the attributes of pyo3-aio.

`benches/tests/bench.py` prints Markdown tables; see README.md beside it.
"""

import argparse
import os
import statistics
import subprocess
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import suites

HERE = Path(__file__).resolve().parent
PROFILES = {"dev": [], "release": ["--release"]}


@dataclass
class Row:
    """What a line of the first table shows."""

    title: str
    suite: str
    # What it is compared with.
    rival: Optional[str] = None
    most_us: Optional[float] = None
    arguments: Tuple[str, ...] = ()

    def goal(self) -> str:
        """Returns the words for what it is held to."""
        if self.most_us is not None:
            return f"at most {self.most_us:g} us"
        return "at most x1" if self.rival else ""


REUSE = ("--reuse-threads",)
ROWS = [
    Row("`#[test]`, libtest", "libtest"),
    Row("`Trial::test`", "trial", "libtest"),
    Row("`#[pyo3_aio::tokio::test] fn`", "attribute", "libtest"),
    Row("`Trial::test`, `--reuse-threads`", "trial", None, 5, REUSE),
    Row("`#[pyo3_aio::tokio::test] fn`, `--reuse-threads`", "attribute", None, 5, REUSE),
    Row("`#[tokio::test]`, libtest", "libtest_tokio"),
    Row("`Trial::async_test`, on tokio", "trial_tokio", "libtest_tokio"),
    Row("`Trial::async_test`, without a runtime", "trial_async"),
    Row("`#[pyo3_aio::tokio::test] async fn`", "attribute_tokio", "libtest_tokio"),
]


@dataclass
class Run:
    """What a process took."""

    wall: float
    cpu: float


def start(program: Path, arguments: List[str]) -> subprocess.Popen:
    """Starts a program as cargo does, which passes on the folder of libpython."""
    environment = {**os.environ, "LD_LIBRARY_PATH": sysconfig.get_config_var("LIBDIR") or ""}
    environment.pop("RUST_BACKTRACE", None)
    return subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, env=environment)


def check(process: subprocess.Popen) -> None:
    """Ends the comparison if a program failed."""
    if process.returncode != 0:
        raise SystemExit(f"{process.args} ended with {process.returncode}")


def run(program: Path, arguments: List[str]) -> Run:
    """Runs a program, and returns what it took in seconds."""
    started = time.perf_counter()
    process = start(program, arguments)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    check(process)
    return Run(wall, usage.ru_utime + usage.ru_stime)


def peak_memory(program: Path, arguments: List[str]) -> int:
    """Runs a program, and returns the most bytes that it had resident.

    It is asked for them while it runs: those that wait(2) returns are of the program that started it if that had more.
    """
    process = start(program, arguments)
    peak = 0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            continue
        lines = [line for line in status.splitlines() if line.startswith("VmHWM:")]
        peak = max(peak, *(int(line.split()[1]) * 1024 for line in lines), 0)
        time.sleep(0.001)
    check(process)
    return peak


Key = Tuple[str, Tuple[str, ...]]


def alternate(programs: suites.Programs, keys: List[Key], rounds: int) -> Dict[Key, Run]:
    """Runs programs in turns, each round beginning with another one, after a round to warm up; returns medians."""
    samples: Dict[Key, List[Run]] = {key: [] for key in keys}
    for turn in range(-1, rounds):
        first = turn % len(keys)
        for name, arguments in keys[first:] + keys[:first]:
            taken = run(programs[name], list(arguments))
            if turn >= 0:
                samples[name, arguments].append(taken)
    median = lambda runs, of: statistics.median(getattr(taken, of) for taken in runs)
    return {key: Run(median(runs, "wall"), median(runs, "cpu")) for key, runs in samples.items()}


def per_test(programs: suites.Programs, threads: int, tests: int, rounds: int) -> Dict[str, Run]:
    """Returns the cost of a test in each row, in seconds: that of many tests, less that of one."""
    arguments = lambda row: (f"--test-threads={threads}", *row.arguments)
    keys = [(f"{row.suite}_{count}", arguments(row)) for row in ROWS for count in (tests, 1)]
    medians = alternate(programs, keys, rounds)
    costs = {}
    for row in ROWS:
        many, one = (medians[f"{row.suite}_{count}", arguments(row)] for count in (tests, 1))
        share = lambda of: (getattr(many, of) - getattr(one, of)) / (tests - 1)
        costs[row.title] = Run(share("wall"), share("cpu"))
    return costs


def print_table(head: List[str], lines: List[List[str]]) -> None:
    """Prints a Markdown table."""
    for line in [head, ["---"] * len(head), *lines]:
        print(f"| {' | '.join(line)} |")
    print(flush=True)


def print_costs(costs: Dict[str, Dict[str, Run]], of: str) -> None:
    """Prints the cost of a test, a line for each row and a column for each profile and number of threads."""
    rivals = {row.suite: row.title for row in ROWS if not row.arguments}

    def cell(row: Row, column: Dict[str, Run]) -> str:
        cost = getattr(column[row.title], of)
        ratio = f", x{cost / getattr(column[rivals[row.rival]], of):.2f}" if row.rival else ""
        return f"{cost * 1e6:.1f} us{ratio}"

    lines = [[row.title, row.goal(), *(cell(row, column) for column in costs.values())] for row in ROWS]
    print_table(["a test that does nothing", "goal", *costs], lines)


WHOLE = {"libtest": "`#[test]`, libtest", "trial": "`Trial::test`", "attribute": "`#[pyo3_aio::tokio::test] fn`"}
WHOLE["attribute_tokio"] = "`#[pyo3_aio::tokio::test] async fn`"


def print_whole_runs(programs: Dict[str, suites.Programs], tests: int, rounds: int) -> None:
    """Prints the time of a listing, and the memory of a run."""
    keys = [(f"{suite}_{tests}", ("--list",)) for suite in WHOLE]
    listings = [alternate(built, keys, rounds) for built in programs.values()]
    lines = [
        [f"`--list`, {title}", "at most 10 ms", *(f"{taken[key].wall * 1e3:.1f} ms" for taken in listings)]
        for key, title in zip(keys, WHOLE.values())
    ]
    memory = lambda name, built: f"{peak_memory(built[name], ['--test-threads=2']) / 1e6:.1f} MB"
    for suite, title in WHOLE.items():
        peaks = (memory(f"{suite}_{tests}", built) for built in programs.values())
        lines.append([f"peak memory, {title}", "at most 30 MB", *peaks])
    peaks = (memory("attribute_1", built) for built in programs.values())
    lines.append(["peak memory of a single one: Python's", "", *peaks])
    print_table([f"{tests} tests", "goal", *programs], lines)


def parse() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tests", type=int, default=10_000, help="how many tests a program has (default: 10000)")
    parser.add_argument("--rounds", type=int, default=7, help="how often each program runs (default: 7)")
    parser.add_argument("--profile", choices=PROFILES, action="append", help="dev or release (default: both)")
    return parser.parse_args()


def main() -> None:
    """Builds, measures, prints."""
    arguments = parse()
    folder = HERE / "target/suites"
    suites.write(folder, [arguments.tests, 1])
    profiles = arguments.profile or list(PROFILES)
    programs = {profile: suites.build(folder, PROFILES[profile]) for profile in profiles}
    costs = {
        f"{profile}, {threads} thread{'s'[: threads - 1]}": per_test(programs[profile], threads, arguments.tests, arguments.rounds)
        for profile in profiles
        for threads in (1, 2)
    }
    print("Wall clock:\n")
    print_costs(costs, "wall")
    print("CPU time of all threads:\n")
    print_costs(costs, "cpu")
    print_whole_runs(programs, arguments.tests, arguments.rounds)


if __name__ == "__main__":
    main()
