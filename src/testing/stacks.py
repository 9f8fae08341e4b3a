"""What asyncio's tasks and Python's threads are doing, as text."""

import asyncio
import io
import sys
import threading
import traceback


def tasks(loop):
    out = io.StringIO()
    for task in asyncio.all_tasks(loop):
        task.print_stack(file=out)
    return out.getvalue() or "no tasks\n"


def threads():
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    parts = []
    for ident, frame in sys._current_frames().items():
        if ident != threading.get_ident():
            parts.append("Stack for thread %s:\n" % names.get(ident, ident))
            parts.extend(traceback.format_stack(frame))
    return "".join(parts) or "no threads\n"


def stacks(loop):
    return "asyncio:\n%s\nthreads:\n%s" % (tasks(loop), threads())
