"""Has threads, and the work of thread pools, belong to the test whose code starts them.

A new thread has no context variables of its own (unless Python 3.14 is asked to copy them), and
the threads of a pool work for one test after another.
"""

import threading
from concurrent.futures import ThreadPoolExecutor


def install(current):
    """Replaces two methods; returns a function that puts them back.

    `current` gives an object whose `run` calls a function as part of the test at work here.
    """
    start, submit = threading.Thread.start, ThreadPoolExecutor.submit

    def start_for_test(self):
        test = current()

        def bootstrap():
            del self._bootstrap
            test.run(self._bootstrap)

        # Where `start` finds the function that it gives to the new thread.
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
