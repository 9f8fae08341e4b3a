"""Formats the stacks of asyncio's tasks and of Python's threads."""

import asyncio
import io
import sys
import threading
import traceback


def tasks(loop, test, owner):
    """Formats the tasks of the test, and those of no test, for which the test may be waiting too."""
    every = asyncio.all_tasks(loop)
    own = [task for task in every if owner(task) in (test, None)]
    out = io.StringIO()
    for task in own:
        task.print_stack(file=out)
    others = len(every) - len(own)
    if others:
        out.write("%d more of other tests\n" % others)
    return out.getvalue() or "no tasks\n"


def threads():
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident():
            parts.append("Stack for thread %s:\n" % names.get(ident, ident))
            parts.extend(traceback.format_stack(frame))
    return "".join(parts) or "no threads\n"


def stacks(loop, test, owner):
    return "asyncio:\n%s\nthreads:\n%s" % (tasks(loop, test, owner), threads())
