//! Event loops that run within themselves.

use std::ffi::CStr;
use std::time::Duration;

use pyo3::prelude::*;

use crate::fixtures::python::{call, function, python};
use crate::runtime;

/// A loop that runs within itself.
const LOOP: &CStr = c"
import heapq, time

class Loop(asyncio.SelectorEventLoop):
    def _run_once(self):
        # asyncio's own expects that nobody takes handles meanwhile.
        self._process_events(self._selector.select(0 if self._ready else 0.01))
        while self._scheduled and self._scheduled[0]._when <= self.time():
            self._ready.append(heapq.heappop(self._scheduled))
        for _ in range(len(self._ready)):
            if not self._ready:
                break
            handle = self._ready.popleft()
            if not handle._cancelled:
                handle._run()

    def nested(self, awaitable):
        future, task = asyncio.ensure_future(awaitable, loop=self), asyncio.current_task(self)
        if task:
            asyncio.tasks._leave_task(self, task)
        try:
            limit = time.monotonic() + 10
            while not future.done():
                assert time.monotonic() < limit, 'it hangs'
                self._run_once()
        finally:
            if task:
                asyncio.tasks._enter_task(self, task)
        return future.result()

def run(main):
    loop, told = Loop(), []
    loop.set_exception_handler(lambda loop, context: told.append(context))
    try:
        loop.run_until_complete(asyncio.wait_for(main(loop), 20))
    finally:
        loop.close()
    assert not told, told
";

/// Runs `main(loop)` of a program, which has functions for futures that are ready and for such as sleep.
fn run_nested(program: &CStr) -> PyResult<()> {
    Python::attach(|py| {
        let names = python(py, LOOP)?;
        let ready = function(py, |py| runtime::future_into_py(py, async { Ok(1) }))?;
        let sleep = function(py, |py| {
            runtime::into_coroutine(py, async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                Ok(2)
            })
        })?;
        let forever = function(py, |py| {
            runtime::future_into_py::<_, ()>(py, std::future::pending())
        })?;
        names.set_item("ready", ready)?;
        names.set_item("sleep", sleep)?;
        names.set_item("forever", forever)?;
        py.run(program, Some(&names), None)?;
        let main = names.as_any().get_item("main")?;
        call(&names, "run", main).map(drop)
    })
}

#[runtime::test]
fn a_loop_runs_within_what_follows_an_await_of_rust() -> PyResult<()> {
    run_nested(
        c"
async def deeper(loop, depth):
    assert await sleep() == 2
    if depth:
        loop.nested(deeper(loop, depth - 1))
    return await ready()
async def main(loop):
    for _ in range(3):
        assert await ready() == 1
        assert loop.nested(sleep()) == 2
        assert loop.nested(asyncio.gather(ready(), sleep())) == [1, 2]
    assert loop.nested(deeper(loop, 20)) == 1
    assert await sleep() == 2
",
    )
}

#[runtime::test]
fn what_was_to_be_delivered_next_is_delivered_within() -> PyResult<()> {
    run_nested(
        c"
async def main(loop):
    for _ in range(3):
        first, others = ready(), [ready() for _ in range(3)]
        nested = []
        first.add_done_callback(lambda _: nested.append(loop.nested(asyncio.gather(*others))))
        # They are all queued before the loop turns.
        time.sleep(0.05)
        while not nested:
            await asyncio.sleep(0)
        assert nested == [[1, 1, 1]]
",
    )
}

#[runtime::test]
fn other_callbacks_of_the_same_future_run_within() -> PyResult<()> {
    run_nested(
        c"
async def main(loop):
    future, order = ready(), []
    second = loop.create_future()
    future.add_done_callback(lambda _: order.append(loop.nested(second)))
    future.add_done_callback(lambda _: second.set_result('second'))
    future.add_done_callback(lambda _: order.append('third'))
    while len(order) < 2:
        await asyncio.sleep(0)
    assert order == ['third', 'second'], order
",
    )
}

#[runtime::test]
fn callbacks_of_cancelled_futures_run_within() -> PyResult<()> {
    run_nested(
        c"
async def main(loop):
    first, other, second = forever(), forever(), loop.create_future()
    done = []
    first.add_done_callback(lambda _: done.append(loop.nested(second)))
    first.add_done_callback(lambda _: done.append('same'))
    other.add_done_callback(lambda _: second.set_result('other'))
    first.cancel()
    other.cancel()
    while len(done) < 2:
        await asyncio.sleep(0)
    assert sorted(done) == ['other', 'same'], done
",
    )
}
