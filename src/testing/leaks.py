"""What a test leaves behind on its event loop."""

import asyncio
import gc
import sys
import time
import warnings

# How long tasks may take to end that were cancelled when the test did, in seconds.
GRACE = 0.5


class Check:
    def __init__(self):
        self.before = set()
        self.unawaited = []
        self.filters = None

    async def begin(self):
        self.before = asyncio.all_tasks()
        self.filters = warnings.filters[:]
        self.hook = sys.unraisablehook
        # As an error it comes to the hook, with nothing printed.
        warnings.filterwarnings("error", ".* was never awaited", RuntimeWarning)
        sys.unraisablehook = self.unraisable

    def unraisable(self, args):
        text = str(args.exc_value)
        if isinstance(args.exc_value, RuntimeWarning) and text.endswith("was never awaited"):
            self.unawaited.append(text)
        else:
            self.hook(args)

    async def end(self):
        deadline = time.monotonic() + GRACE
        while self.tasks() and time.monotonic() < deadline:
            await asyncio.sleep(0.001)
        tasks = self.tasks()
        lines = [repr(task) for task in tasks]
        for task in tasks:
            task.cancel()
        del tasks
        gc.collect()
        self.restore()
        return lines + self.unawaited

    def tasks(self):
        return asyncio.all_tasks() - self.before - {asyncio.current_task()}

    def restore(self):
        if self.filters is not None:
            warnings.filters[:] = self.filters
            # Has the cache of the filters dropped, as a filter that is added does.
            warnings.filterwarnings("default", "^$", Warning)
            del warnings.filters[0]
            sys.unraisablehook = self.hook
            self.filters = None
