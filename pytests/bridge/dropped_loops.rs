//! Event loops that are dropped without `close()` are collected with what is pending on them.

use std::ffi::CStr;
use std::sync::Mutex;

use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::fixtures::drops::Drops;
use crate::fixtures::python::{call, function, python};
use crate::runtime;
use crate::streams::next;

const COUNT: usize = 100;

/// Makes loops which `begin(loop, start)` of the code leaves with something pending, drops them, and expects all of it to be
/// collected: the loops, their descriptors, and the Rust futures, each of which has a guard.
fn are_collected(code: &CStr, drops: &Drops, start: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = start.py();
    let names = python(py, code)?;
    py.run(
        c"
import os, time, warnings

def are_collected(arguments):
    start, drops, count = arguments
    warnings.simplefilter('ignore', ResourceWarning)
    gc.collect()
    before = len(os.listdir('/dev/fd'))
    loops = []
    for _ in range(count):
        loop = asyncio.new_event_loop()
        begin(loop, start)
        loops.append(weakref.ref(loop))
    del loop
    end = time.monotonic() + 10
    # A thread of the runtime may be polling a future still, which is dropped after that poll.
    while time.monotonic() < end:
        gc.collect()
        alive = sum(loop() is not None for loop in loops)
        opened = len(os.listdir('/dev/fd')) - before
        if not alive and drops() == count and opened < 10:
            return
        time.sleep(0.001)
    raise AssertionError(f'{alive} loops alive, {drops()} futures dropped, {opened} descriptors open')
",
        Some(&names),
        None,
    )?;
    let arguments = (start, drops.function(py)?, COUNT).into_pyobject(py)?;
    call(&names, "are_collected", arguments.into_any()).map(drop)
}

#[cfg(unix)]
#[runtime::test(serial)]
fn with_futures_that_are_pending() -> PyResult<()> {
    let drops = Drops::default();
    Python::attach(|py| {
        let guards = drops.clone();
        let start = function(py, move |py| {
            let guard = guards.guard();
            runtime::future_into_py(py, async move {
                let _guard = guard;
                std::future::pending::<PyResult<()>>().await
            })
        })?;
        are_collected(
            c"
def begin(loop, start):
    async def main():
        start().add_done_callback(print)
        await asyncio.sleep(0)
    loop.run_until_complete(main())
",
            &drops,
            &start,
        )
    })
}

#[cfg(unix)]
#[runtime::test(serial)]
fn with_tasks_that_await_coroutines() -> PyResult<()> {
    let drops = Drops::default();
    Python::attach(|py| {
        let guards = drops.clone();
        let start = function(py, move |py| {
            let guard = guards.guard();
            runtime::into_coroutine(py, async move {
                let _guard = guard;
                std::future::pending::<PyResult<()>>().await
            })
        })?;
        are_collected(
            c"
def begin(loop, start):
    async def waits():
        await start()
    async def main():
        task = loop.create_task(waits())
        task._log_destroy_pending = False
        await asyncio.sleep(0)
    loop.run_until_complete(main())
",
            &drops,
            &start,
        )
    })
}

#[cfg(unix)]
#[runtime::test(serial)]
fn with_results_that_were_not_delivered() -> PyResult<()> {
    let drops = Drops::default();
    Python::attach(|py| {
        let guards = drops.clone();
        let finish = Mutex::new(None);
        // The first call starts a future, the second one lets it finish.
        let start = function(py, move |py| {
            let mut finish = finish.lock().unwrap();
            if let Some(finish) = finish.take() {
                let _: Result<(), ()> = oneshot::Sender::send(finish, ());
                return Ok(py.None().into_bound(py));
            }
            let guard = guards.guard();
            let (tell, told) = oneshot::channel();
            *finish = Some(tell);
            runtime::future_into_py(py, async move {
                let _guard = guard;
                told.await.unwrap();
                Ok(())
            })
        })?;
        are_collected(
            c"
def begin(loop, start):
    async def main():
        start().add_done_callback(print)
        await asyncio.sleep(0)
    loop.run_until_complete(main())
    start()
    # The loop stands still; it is woken when there is a result.
    assert loop._selector.select(10)
",
            &drops,
            &start,
        )
    })
}

#[cfg(unix)]
#[runtime::test(serial)]
fn with_callbacks_that_were_not_called() -> PyResult<()> {
    let drops = Drops::default();
    Python::attach(|py| {
        let guards = drops.clone();
        let start = function(py, move |py| {
            let guard = guards.guard();
            runtime::future_into_py(py, async move {
                let _guard = guard;
                std::future::pending::<PyResult<()>>().await
            })
        })?;
        are_collected(
            c"
def begin(loop, start):
    async def main():
        future = start()
        for _ in range(3):
            future.add_done_callback(lambda future: loop)
        loop.stop()
        await asyncio.sleep(0)
        future.cancel()
    task = loop.create_task(main())
    task._log_destroy_pending = False
    loop.run_forever()
    loop.stop()
    loop.run_forever()
",
            &drops,
            &start,
        )
    })
}

#[cfg(unix)]
#[runtime::test(serial)]
fn with_awaitables_that_rust_awaits() -> PyResult<()> {
    let drops = Drops::default();
    Python::attach(|py| {
        let guards = drops.clone();
        let code = c"
async def waits():
    await asyncio.get_running_loop().create_future()
";
        let names = python(py, code)?;
        let waits = names.get_item("waits")?.expect("it is defined").unbind();
        let start = function(py, move |py| {
            let guard = guards.guard();
            let awaited = runtime::into_future(waits.bind(py).call0()?)?;
            runtime::future_into_py(py, async move {
                let _guard = guard;
                awaited.await
            })
        })?;
        are_collected(
            c"
def begin(loop, start):
    async def main():
        start()
        for _ in range(5):
            await asyncio.sleep(0)
    loop.run_until_complete(main())
",
            &drops,
            &start,
        )?;
        let drops = Drops::default();
        let guards = drops.clone();
        let waits = names.get_item("waits")?.expect("it is defined").unbind();
        let never_run = pyo3::types::PyCFunction::new_closure(py, None, None, move |args, _| {
            let py = args.py();
            let guard = guards.guard();
            let locals = pyo3_aio::TaskLocals::new(args.get_item(0)?);
            let awaitable = waits.bind(py).call0()?;
            let awaited = pyo3_aio::into_future_with_locals(&locals, awaitable)?;
            drop(runtime::spawn(async move {
                let _guard = guard;
                awaited.await
            }));
            PyResult::Ok(())
        })?;
        are_collected(
            c"
def begin(loop, start):
    start(loop)
",
            &drops,
            never_run.as_any(),
        )
    })
}

#[cfg(unix)]
#[runtime::test(serial)]
fn with_generators_that_rust_reads() -> PyResult<()> {
    Python::attach(|py| {
        let code = c"
async def waits():
    yield 1
    await asyncio.get_running_loop().create_future()

async def counts():
    number = 0
    while True:
        yield number
        number += 1
";
        let names = python(py, code)?;
        for name in ["waits", "counts"] {
            let drops = Drops::default();
            let guards = drops.clone();
            let generator = names.get_item(name)?.expect("it is defined").unbind();
            let start = function(py, move |py| {
                let guard = guards.guard();
                let mut stream = Box::pin(runtime::into_stream(generator.bind(py).call0()?)?);
                let is_paused = name == "counts";
                runtime::future_into_py(py, async move {
                    let _guard = guard;
                    if is_paused {
                        std::future::pending::<()>().await;
                    }
                    while next(&mut stream).await.is_some() {}
                    Ok(())
                })
            })?;
            are_collected(
                c"
def begin(loop, start):
    async def main():
        start()
        for _ in range(10):
            await asyncio.sleep(0)
    loop.run_until_complete(main())
",
                &drops,
                &start,
            )?;
        }
        Ok(())
    })
}
