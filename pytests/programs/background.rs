//! The event loop in the background: synchronous functions that await Python, the exit, forks, Ctrl-C.

use crate::programs::{all_end_well, ends_with};

#[pyo3_aio::tokio::test]
fn a_program_that_used_the_loop_in_the_background_ends_well() {
    all_end_well(
        "
import asyncio, extension
assert extension.call_blocking(lambda: asyncio.sleep(0.001, 2)) == 2
",
    );
}

#[pyo3_aio::tokio::test]
fn an_exit_cancels_and_awaits_the_tasks_of_the_loop_in_the_background() {
    all_end_well(
        "
import asyncio, atexit, extension, os
seen = []
def check():
    os._exit(0 if seen == ['started', 'cleaned up', 'closed'] else 3)
# Registered before the library's function, and so called after it.
atexit.register(check)
async def left_over():
    try:
        seen.append('started')
        await extension.sleep(60)
    finally:
        await extension.sleep(0.001)
        seen.append('cleaned up')
async def items():
    try:
        yield 1
    finally:
        seen.append('closed')
async def main():
    global task, generator
    task = asyncio.create_task(left_over())
    generator = items()
    await generator.__anext__()
    await asyncio.sleep(0)
extension.call_blocking(main)
",
    );
}

#[pyo3_aio::tokio::test]
fn threads_that_start_the_loop_in_the_background_share_it() {
    all_end_well(
        "
import asyncio, extension, threading
loops = set()
async def note():
    loops.add(asyncio.get_running_loop())
threads = [threading.Thread(target=extension.call_blocking, args=(note,)) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(loops) == 1, loops
names = [thread.name for thread in threading.enumerate()]
assert names.count('pyo3_aio background loop') == 1, names
",
    );
}

#[pyo3_aio::tokio::test]
fn an_exception_that_ends_a_run_of_the_loop_is_that_of_one_caller() {
    all_end_well(
        "
import asyncio, extension, threading
results = []
release = asyncio.Event()
started = threading.Event()
async def waits():
    started.set()
    await release.wait()
    return 'waited'
thread = threading.Thread(target=lambda: results.append(extension.call_blocking(waits)))
thread.start()
started.wait()
for kind in SystemExit, KeyboardInterrupt:
    async def raises():
        raise kind(3)
    try:
        extension.call_blocking(raises)
    except kind as error:
        assert error.args == (3,)
    else:
        assert False
async def ends():
    release.set()
extension.call_blocking(ends)
thread.join()
assert results == ['waited'], results
",
    );
}

#[pyo3_aio::tokio::test]
fn an_exit_with_a_thread_in_a_blocking_call_ends_well() {
    all_end_well(
        "
import asyncio, extension, threading, time
started = threading.Event()
async def sleep():
    started.set()
    await asyncio.sleep(60)
def call():
    try:
        extension.call_blocking(sleep)
    except BaseException:
        pass
threading.Thread(target=call, daemon=True).start()
started.wait()
",
    );
}

#[pyo3_aio::tokio::test]
fn a_wait_after_the_loop_in_the_background_has_ended_is_refused() {
    ends_with(
        0,
        "
import asyncio, atexit, extension, os
async def one():
    return 1
def after():
    coroutine = one()
    try:
        extension.call_blocking(lambda: coroutine)
    except RuntimeError as error:
        os._exit(0 if 'Python exits' in str(error) else 3)
    os._exit(4)
atexit.register(after)
assert extension.call_blocking(one) == 1
",
    );
}

#[cfg(unix)]
#[pyo3_aio::tokio::test]
fn a_forked_child_gets_a_loop_in_the_background_of_its_own() {
    all_end_well(
        "
import asyncio, extension, os, sys, warnings
warnings.simplefilter('ignore', DeprecationWarning)
pending = []
async def main():
    pending.append(asyncio.create_task(asyncio.sleep(60)))
    return id(asyncio.get_running_loop())
before = extension.call_blocking(main)
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        assert extension.call_blocking(main) != before
        assert extension.call_blocking(lambda: asyncio.sleep(0.001, 2)) == 2
        # With all that an exit does.
        sys.exit(9)
    children.append(child)
assert extension.call_blocking(main) == before
for child in children:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
# A child that does not use it.
child = os.fork()
if child == 0:
    sys.exit(9)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
",
    );
}

#[pyo3_aio::tokio::test]
fn ctrl_c_cancels_what_a_blocking_call_awaits() {
    ends_with(
        5,
        "
import asyncio, extension, os, signal, threading, time
signal.signal(signal.SIGINT, signal.default_int_handler)
cancelled = threading.Event()
async def main():
    threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        cancelled.set()
        raise
try:
    extension.call_blocking(main)
except KeyboardInterrupt:
    assert cancelled.wait(20)
    raise SystemExit(5)
",
    );
}

#[pyo3_aio::tokio::test]
fn ctrl_c_tells_a_synchronous_twin_whose_function_wants_to_know() {
    ends_with(
        5,
        "
import extension, os, signal, threading
signal.signal(signal.SIGINT, signal.default_int_handler)
assert extension.nap_sync(0.001, print) == 0.001
threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
seen = []
try:
    extension.nap_sync(60, seen.append)
except KeyboardInterrupt:
    assert [type(error) for error in seen] == [KeyboardInterrupt], seen
    raise SystemExit(5)
",
    );
}

#[pyo3_aio::tokio::test]
fn a_notebook_calls_a_synchronous_function() {
    all_end_well(
        "
import asyncio, extension
def facade():
    return extension.call_blocking(lambda: asyncio.sleep(0.001, 2))
async def cell():
    return facade() + await extension.call(lambda: asyncio.sleep(0.001, 3))
assert asyncio.run(cell()) == 5
",
    );
}
