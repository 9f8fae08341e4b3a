"""Finds tasks and coroutines that a test leaves behind on its event loop.

`leaks.rs` sets VARIABLE, the context variable that holds the current test.
"""

import asyncio
import gc
import sys
import time
import warnings

# Time limit in seconds of tasks that were cancelled at the end of the test.
GRACE = 0.5

# Number of iterations of the loop before pending tasks are noted: a cancellation takes some until
# it has reached the innermost awaitable.
TURNS = 10

# The sets of tasks in asyncio/tasks.py: the first until Python 3.11, the others since 3.12.
TASKS = ["_all_tasks", "_scheduled_tasks", "_eager_tasks"]

VARIABLE = None

HAS_CONTEXTS = hasattr(asyncio.Task, "get_context")


def watch(loop):
    """Has tasks of the loop record their test, where they have no `get_context` (before Python 3.12)."""
    if not HAS_CONTEXTS and loop.get_task_factory() is None:
        loop.set_task_factory(make_task)


def make_task(loop, coro, **keywords):
    """Creates a task as `BaseEventLoop.create_task` does without a factory, and records its test."""
    task = asyncio.Task(coro, loop=loop, **keywords)
    if task._source_traceback:
        # The frames of this function and of `create_task`.
        del task._source_traceback[-2:]
    context = keywords.get("context")
    task.pyo3_aio_test = VARIABLE.get() if context is None else context.get(VARIABLE)
    return task


def warn_always():
    """Warns of every coroutine that was never awaited, not only of the first at each line. Returns
    the filter that was added; none if `-W` or PYTHONWARNINGS is set, which has precedence."""
    if sys.warnoptions:
        return None
    warnings.filterwarnings("always", ".* was never awaited", RuntimeWarning)
    return warnings.filters[0]


def restore(loop, warning):
    """Undoes `watch` and `warn_always`."""
    if loop.get_task_factory() is make_task:
        loop.set_task_factory(None)
    if warning in warnings.filters:
        warnings.filters.remove(warning)


def owner(task):
    get_context = getattr(task, "get_context", None)
    if get_context is None:
        return getattr(task, "pyo3_aio_test", None)
    return get_context().get(VARIABLE)


def is_shared(task):
    """Says whether the task is one of hooks or shared values."""
    test = owner(task)
    return test is not None and not test.is_test


def sets_of_tasks():
    """Returns the sets that `all_tasks` reads; None where it is written in C (Python 3.14)."""
    if not hasattr(asyncio.all_tasks, "__code__"):
        return None
    sets = (getattr(asyncio.tasks, name, ()) for name in TASKS)
    return [getattr(tasks, "data", tasks) for tasks in sets]


def pending(loop, test):
    """Returns the tasks that the test has started and that have not ended."""
    return [task for task in asyncio.all_tasks(loop) if owner(task) is test]


async def still_pending(loop, test):
    """Returns the representations of the tasks that are pending a few iterations of the loop later."""
    for _ in range(TURNS):
        await asyncio.sleep(0)
    own = asyncio.current_task()
    return [repr(task) for task in pending(loop, test) if task is not own]


class Check:
    def __init__(self):
        self.before = set()
        self.unawaited = []
        self.filters = None

    async def begin(self):
        self.before = asyncio.all_tasks()
        self.filters = warnings.filters[:]
        self.hook = sys.unraisablehook
        # A warning that is an error in a destructor goes to the hook, and is not printed.
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
        tasks = asyncio.all_tasks() - self.before - {asyncio.current_task()}
        return {task for task in tasks if not is_shared(task)}

    def restore(self):
        if self.filters is not None:
            warnings.filters[:] = self.filters
            # Adding a filter invalidates the caches of the filters (`_filters_mutated`).
            warnings.filterwarnings("default", "^$", Warning)
            del warnings.filters[0]
            sys.unraisablehook = self.hook
            self.filters = None
