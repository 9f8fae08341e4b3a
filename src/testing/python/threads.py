"""Runs threads, and the work of thread pools, for the test whose code starts them.

A new thread has no context variables of its own (unless Python 3.14 is asked to copy them), and
the threads of a pool work for one test after another.
"""

import threading
from concurrent.futures import ThreadPoolExecutor


def install(current):
    """Patches two methods; returns a function that restores them.

    `current` returns the current test, whose `run` calls a function in its capture scope.
    """
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit

    def start_for_test(self):
        test = current()

        def bootstrap():
            del self._bootstrap
            test.run(self._bootstrap)

        # `Thread.start` passes this attribute to the new thread.
        self._bootstrap = bootstrap
        return start(self)

    def submit_for_test(self, fn, /, *args, **kwargs):
        return submit(self, current().run, fn, *args, **kwargs)

    threading.Thread.start = start_for_test
    ThreadPoolExecutor.submit = submit_for_test

    def restore():
        if threading.Thread.start is start_for_test:
            threading.Thread.start = start
        if ThreadPoolExecutor.submit is submit_for_test:
            ThreadPoolExecutor.submit = submit

    return restore
