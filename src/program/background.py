"""The event loop in the background: its thread, and its end. `background.rs` calls `start` and `stop`."""

import asyncio
import threading


def start():
    """Returns a loop, and the thread that runs it. The loop is new, so that `asyncio.run` may be anybody's."""
    loop = asyncio.new_event_loop()
    # A thread that is no daemon would be waited for before `atexit` functions are called, one of which ends the loop.
    thread = threading.Thread(target=run, args=(loop,), name="pyo3_aio background loop", daemon=True)
    try:
        thread.start()
    except BaseException:
        # Ctrl-C may come when the thread has started.
        if thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
        else:
            loop.close()
        raise
    return loop, thread


def stop(loop, thread, timeout):
    """Ends the loop, and waits for its thread so many seconds."""
    try:
        loop.call_soon_threadsafe(loop.stop)
    except RuntimeError:
        # It is closed.
        pass
    thread.join(timeout)


def run(loop):
    """Runs the loop until it is stopped, and closes it as `asyncio.Runner.close` does."""
    asyncio.set_event_loop(loop)
    try:
        while not run_until_stopped(loop):
            pass
    finally:
        try:
            cancel_tasks(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            asyncio.set_event_loop(None)
            loop.close()


def run_until_stopped(loop):
    """Runs the loop; false if a task or callback has ended its run, whose exception its caller gets: the others go on."""
    try:
        loop.run_forever()
    except (SystemExit, KeyboardInterrupt):
        return False
    return True


def cancel_tasks(loop):
    """`_cancel_all_tasks` of `asyncio/runners.py`."""
    tasks = asyncio.all_tasks(loop)
    if not tasks:
        return
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    for task in tasks:
        if not task.cancelled() and task.exception() is not None:
            loop.call_exception_handler(
                {
                    "message": "unhandled exception while the event loop was being closed",
                    "exception": task.exception(),
                    "task": task,
                }
            )
