//! What a child process gets of its parent's conversions: an error or a fresh runtime, never a hang.

mod programs;

use crate::programs::{all_end_well, run};

pyo3_aio::testing::main!();

#[pyo3_aio::tokio::test]
fn a_forked_child_gets_a_fresh_runtime() {
    all_end_well(
        "
import asyncio, extension, os, sys, warnings
# Python 3.12 warns of every fork of a process with threads.
warnings.simplefilter('ignore', DeprecationWarning)
async def main():
    assert await extension.ready() == 1
    assert await extension.sleep(0.001) == 0.001
    assert await extension.call(lambda: asyncio.sleep(0, 2)) == 2
asyncio.run(main())
children = []
for _ in range(3):
    child = os.fork()
    if child == 0:
        asyncio.run(main())
        # With all that an exit does.
        sys.exit(9)
    children.append(child)
asyncio.run(main())
for child in children:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
",
    );
}

#[pyo3_aio::tokio::test]
fn a_forked_child_is_told_that_a_runtime_was_left_behind() {
    let (status, stderr) = run("
import asyncio, extension, os, sys, warnings
warnings.simplefilter('ignore', DeprecationWarning)
def sleeps():
    async def main(sleep):
        await sleep(0.001)
    for sleep in extension.sleep_on_async_std, extension.sleep_on_smol:
        try:
            asyncio.run(main(sleep))
            yield None
        except RuntimeError as error:
            yield str(error)
assert list(sleeps()) == [None, None]
child = os.fork()
if child == 0:
    for told in sleeps():
        assert 'were left behind by fork()' in told, told
    sys.exit(9)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[pyo3_aio::tokio::test]
fn a_forked_child_that_runs_on_takes_no_wake_up_of_its_parent() {
    let (status, stderr) = run("
import asyncio, extension, os, warnings
warnings.simplefilter('ignore', DeprecationWarning)
async def main():
    loop = asyncio.get_running_loop()
    future = extension.start_sleep(0.1)
    child = os.fork()
    if child == 0:
        loop.call_later(0.5, os._exit, 9)
        await loop.create_future()
    # The loop is not to be woken before the child has had the chance.
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert await asyncio.wait_for(future, 10) == 0.1
asyncio.run(main())
");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}

#[pyo3_aio::tokio::test]
fn a_child_that_is_forked_within_a_poll_does_not_wait_for_it_at_its_exit() {
    let (status, stderr) = run("
import asyncio, atexit, extension, os, threading, time, warnings
warnings.simplefilter('ignore', DeprecationWarning)
def end():
    started = time.monotonic()
    atexit._run_exitfuncs()
    # It would wait for 5 seconds.
    os._exit(9 if time.monotonic() - started < 4 else 1)
def fork():
    child = os.fork()
    if child == 0:
        # The poll returns meanwhile.
        threading.Timer(0.2, end).start()
    return child
async def main():
    child = await extension.call_sync(fork)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
asyncio.run(main())
");
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
}
