//! `shutdown` and `with_runtime`: they end the futures of the library, and leave other loops and spawned futures alone.

use crate::programs::{all_end_well, ends_with};

#[pyo3_aio::tokio::test]
fn shutdown_tells_what_awaits_rust_on_the_loops_of_other_threads() {
    all_end_well(
        "
import asyncio, extension, threading
waiting, told = threading.Barrier(4), []
async def items():
    async for item in extension.count(3):
        await extension.sleep(60)
async def awaits(make):
    asyncio.get_running_loop().call_later(0.01, waiting.wait)
    try:
        await make()
    except RuntimeError as error:
        told.append(str(error))
    # The loop goes on, and so does Rust.
    assert await extension.sleep(0.001) == 0.001
threads = [
    threading.Thread(target=lambda make=make: asyncio.run(awaits(make)))
    for make in [lambda: extension.start_sleep(60), lambda: extension.sleep(60), items]
]
for thread in threads:
    thread.start()
waiting.wait()
assert extension.shutdown(10)
for thread in threads:
    thread.join()
assert told == ['pyo3_aio was shut down before this finished'] * 3, told
",
    );
}

#[pyo3_aio::tokio::test]
fn shutdown_cancels_what_rust_awaits_in_python_and_leaves_spawned_futures_running() {
    ends_with(
        0,
        "
import asyncio, extension
async def main():
    cancelled, calls, again, items = [], [], asyncio.Event(), asyncio.Queue()
    loop = asyncio.get_running_loop()
    async def waits(name):
        calls.append(name)
        if calls.count('spawned') == 2:
            loop.call_soon_threadsafe(again.set)
        try:
            await asyncio.sleep(60)
        finally:
            cancelled.append(name)
    async def generator():
        yield 1
        await waits('stream')
    future = extension.call(lambda: waits('converted'))
    extension.call_for_ever(lambda: waits('spawned'))
    extension.for_each(generator(), lambda item: loop.call_soon_threadsafe(items.put_nowait, item))
    assert await items.get() == 1
    while len(calls) < 3:
        await asyncio.sleep(0.001)
    assert extension.shutdown(10)
    try:
        await future
    except RuntimeError as error:
        assert 'shut down' in str(error)
    else:
        assert False
    assert 'shut down' in str(await items.get())
    await again.wait()
    while len(cancelled) < 3:
        await asyncio.sleep(0.001)
    assert sorted(cancelled) == ['converted', 'spawned', 'stream'], cancelled
asyncio.run(asyncio.wait_for(main(), 20))
",
    );
}

#[pyo3_aio::tokio::test]
fn a_generator_is_cancelled_once_when_its_stream_is_shut_down_and_dropped() {
    ends_with(
        0,
        "
import asyncio, extension
async def main():
    loop, started, cleaned = asyncio.get_running_loop(), asyncio.Event(), asyncio.Event()
    async def generator():
        yield 1
        started.set()
        try:
            await asyncio.sleep(60)
        finally:
            # Meanwhile the stream gives the error, and is dropped after that.
            await asyncio.sleep(0.1)
            cleaned.set()
    extension.for_each(generator(), lambda item: None)
    await started.wait()
    assert extension.shutdown(10)
    await cleaned.wait()
asyncio.run(asyncio.wait_for(main(), 10))
",
    );
}

#[pyo3_aio::tokio::test]
fn shutdown_drops_what_a_loop_that_stands_still_waits_for() {
    ends_with(
        0,
        "
import asyncio, extension
dropped = []
loop = asyncio.new_event_loop()
async def main():
    loop.task = asyncio.ensure_future(extension.call_when_dropped(lambda: dropped.append(1)))
    await asyncio.sleep(0.01)
loop.run_until_complete(main())
assert extension.shutdown(10) and dropped == [1]
try:
    loop.run_until_complete(asyncio.wait_for(loop.task, 10))
except RuntimeError:
    loop.close()
else:
    assert False
",
    );
}

#[pyo3_aio::tokio::test]
fn shutdown_delivers_results_that_are_on_their_way() {
    ends_with(
        0,
        "
import asyncio, extension, time
loop = asyncio.new_event_loop()
async def main():
    return extension.call_sync(lambda: called.append(1))
called = []
future = loop.run_until_complete(main())
while not called:
    time.sleep(0.001)
# It has been called, and its poll has returned when shutdown does.
assert extension.shutdown(10)
assert loop.run_until_complete(asyncio.wait_for(future, 10)) is None
loop.close()
",
    );
}

#[cfg(unix)]
#[pyo3_aio::tokio::test]
fn an_item_of_a_stream_that_is_on_its_way_at_shutdown_is_delivered() {
    ends_with(
        0,
        "
import asyncio, extension
async def main():
    ticks = extension.tick(0.001)
    step = asyncio.ensure_future(ticks.__anext__())
    await asyncio.sleep(0)
    # Waits without running the loop until Rust has woken it for the item.
    asyncio.get_running_loop()._selector.select(10)
    assert extension.shutdown(10)
    assert await step == 1
    assert await ticks.__anext__() == 2
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn shutdown_within_a_poll_does_not_wait_for_that_poll() {
    ends_with(
        0,
        "
import asyncio, extension
were_idle = []
async def main():
    try:
        await extension.call_sync(lambda: were_idle.append(extension.shutdown(5)))
    except RuntimeError as error:
        assert 'shut down' in str(error)
    assert were_idle == [True]
asyncio.run(main())
",
    );
}

#[pyo3_aio::tokio::test]
fn with_runtime_leaves_other_loops_alone() {
    ends_with(
        0,
        "
import asyncio, extension, threading, time
polled, go_on, results = threading.Event(), threading.Event(), []
def waits():
    polled.set()
    return go_on.wait(20)
async def main():
    sleeps = extension.start_sleep(0.3)
    results.append(await extension.call_sync(waits))
    results.append(await sleeps)
thread = threading.Thread(target=lambda: asyncio.run(main()))
thread.start()
polled.wait()
started = time.monotonic()
extension.forever(lambda loop: loop.call_soon(loop.stop))
assert time.monotonic() - started < 4, 'it waits for a future of another loop'
go_on.set()
thread.join()
assert results == [True, 0.3], results
",
    );
}
