"""Runs CPython's own tests of futures, of tasks and of `gather`, with futures of Rust in place of asyncio's.

The tests are those that are installed with the Python that runs this, unchanged. Their classes have an attribute or a method
for the class of future, or make futures by the loop: these are replaced. Each test passes, unless EXCEPTIONS has it.
"""

import asyncio
import io
import sys
import unittest

import extension
from test.test_asyncio import test_futures, test_tasks

#: Tests that fail, and why.
EXCEPTIONS = {
    "Futures.test_future_source_traceback": "the stack ends in the function `future` below, not in the test",
    "Futures.test_uninitialized": "only Rust makes a future, never one without a loop",
    "Tasks.test_log_destroyed_pending_task": "a Rust future that runs keeps its Python future, and so the task that awaits it",
    "Tasks.test_set_exception_causes_invalid_state": "it calls a method of the class of future with a task",
    "Tasks.test_set_result_causes_invalid_state": "it calls a method of the class of future with a task",
}
if sys.version_info >= (3, 15):
    test = "Futures.test_future_disallow_multiple_initialization"
    EXCEPTIONS[test] = "only Rust makes a future; its __init__ is that of object, and changes nothing"


def future(loop):
    """Makes a pending future of Rust for a loop that need not run."""
    running = asyncio._get_running_loop()
    asyncio._set_running_loop(loop)
    try:
        return extension.start_sleep(3600)
    finally:
        asyncio._set_running_loop(running)


class Future:
    """Stands for the class `asyncio.Future` where a test calls it."""

    def __new__(cls, *, loop=None):
        return future(asyncio.get_event_loop() if loop is None else loop)

    def __class_getitem__(cls, item):
        loop = asyncio.new_event_loop()
        try:
            return type(future(loop))[item]
        finally:
            loop.close()


class Futures(test_futures.CFutureTests):
    cls = Future


class DoneCallbacks(test_futures.CFutureDoneCallbackTests):
    def _new_future(self):
        return future(self.loop)


class Tasks(test_tasks.CTask_CFuture_Tests):
    Future = Future


class Gather(test_tasks.FutureGatherTests):
    def setUp(self):
        super().setUp()
        for loop in self.one_loop, self.other_loop:
            loop.create_future = lambda loop=loop: future(loop)


def main():
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    suite = unittest.TestSuite(load(case) for case in (Futures, DoneCallbacks, Tasks, Gather))
    out = io.StringIO()
    result = unittest.TextTestRunner(out, verbosity=2).run(suite)
    assert result.testsRun > 150, result.testsRun
    failed = {case.id().partition(".")[2]: text for case, text in result.failures + result.errors}
    for name in failed.keys() - EXCEPTIONS.keys():
        print(name, failed[name], file=sys.stderr)
    for name in EXCEPTIONS.keys() - failed.keys():
        print(name, "passes, and is in EXCEPTIONS all the same", file=sys.stderr)
    sys.exit(failed.keys() != EXCEPTIONS.keys())


main()
