//! Futures of Python: what asyncio does with them, and when they are done.

use std::sync::{Mutex, mpsc};

use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::conversions::{awaited, forever};
use crate::fixtures::drops::Drops;
use crate::fixtures::python::{call, function, python};
use crate::fixtures::signal::Signal;
use crate::runtime;

#[runtime::test]
async fn a_ready_future_has_its_result() -> PyResult<()> {
    let code = c"async def main(f): return await f() + await f()";
    let sum = awaited(code, "main", |py| {
        function(py, |py| runtime::future_into_py(py, async { Ok(21) }))
    });
    let sum = sum.await?;
    Python::attach(|py| assert_eq!(sum.extract::<i32>(py).unwrap(), 42));
    Ok(())
}

#[runtime::test]
async fn a_future_that_another_thread_completes_has_its_result() -> PyResult<()> {
    let code = c"async def main(f): return await asyncio.gather(*[f() for _ in range(100)])";
    let (senders, received) = mpsc::channel::<oneshot::Sender<usize>>();
    let completer = std::thread::spawn(move || {
        for (number, sender) in received.iter().take(100).enumerate() {
            sender.send(number).unwrap();
        }
    });
    let numbers = awaited(code, "main", |py| {
        function(py, move |py| {
            let (sender, receiver) = oneshot::channel();
            senders.send(sender).unwrap();
            runtime::future_into_py(py, async move { Ok(receiver.await.unwrap()) })
        })
    });
    let numbers = numbers.await?;
    completer.join().unwrap();
    Python::attach(|py| {
        let expected: Vec<usize> = (0..100).collect();
        assert_eq!(numbers.extract::<Vec<usize>>(py).unwrap(), expected);
    });
    Ok(())
}

#[runtime::test]
async fn all_of_asyncio_takes_a_future() -> PyResult<()> {
    let code = c"
async def main(f):
    assert asyncio.isfuture(f()) and not asyncio.iscoroutine(f())
    assert await f() == 1
    assert await asyncio.gather(f(), f()) == [1, 1]
    assert await asyncio.wait_for(f(), 10) == 1
    assert await asyncio.shield(f()) == 1
    assert await asyncio.wrap_future(f()) == 1
    assert await asyncio.ensure_future(f()) == 1
    assert [await done for done in asyncio.as_completed([f(), f()])] == [1, 1]
    done, pending = await asyncio.wait([f(), f()])
    assert [future.result() for future in done] == [1, 1] and not pending
    future = f()
    assert future.get_loop() is asyncio.get_running_loop()
    await asyncio.wait([future])
    assert future.done() and not future.cancelled() and future.exception() is None
    assert not future.cancel()
";
    awaited(code, "main", |py| {
        function(py, |py| runtime::future_into_py(py, async { Ok(1) }))
    })
    .await?;
    Ok(())
}

#[runtime::test]
async fn cancelling_a_future_drops_the_rust_future() -> PyResult<()> {
    let code = c"
async def main(f):
    for count in range(1, 4):
        future = f()
        await polled()
        # Nothing tells when that poll has returned. Until then the future is not dropped.
        await asyncio.sleep(0.01)
        assert future.cancel('why') and future.cancelled() and future.done()
        try:
            await future
        except asyncio.CancelledError as error:
            assert error.args == ('why',)
        else:
            assert False
        assert drops() == count
    try:
        await asyncio.wait_for(f(), 0.01)
    except asyncio.TimeoutError:
        pass
    else:
        assert False
    assert drops() == 4
";
    let (drops, polled) = (Drops::default(), Signal::new());
    let future = Python::attach(|py| {
        let names = python(py, code)?;
        names.set_item("drops", drops.function(py)?)?;
        names.set_item("polled", polled.function(py)?)?;
        let forever = function(py, move |py| {
            let (guard, polled) = (drops.guard(), polled.clone());
            runtime::future_into_py::<_, ()>(py, async move {
                let _guard = guard;
                polled.send();
                std::future::pending().await
            })
        })?;
        runtime::into_future(call(&names, "main", forever)?)
    })?;
    future.await.map(drop)
}

// Others set the handler of the loop too.
#[runtime::test(serial)]
async fn callbacks_of_a_future_that_is_done_run_in_the_next_turn_in_order() -> PyResult<()> {
    let code = c"
async def main(f):
    loop, seen, told = asyncio.get_running_loop(), [], []
    loop.set_exception_handler(lambda loop, context: told.append(context['exception'].args))
    first, second = f(), f()
    def fails(future):
        raise ValueError('told')
    def nested(future):
        seen.append(4)
        future.add_done_callback(lambda future: seen.append(6))
    first.add_done_callback(lambda future: seen.append(1))
    first.add_done_callback(fails)
    second.add_done_callback(lambda future: seen.append(2))
    assert second.cancel() and first.cancel()
    first.add_done_callback(lambda future: seen.append(3))
    first.add_done_callback(nested)
    second.add_done_callback(lambda future: seen.append(5))
    assert seen == []
    await asyncio.sleep(0)
    assert seen == [2, 1, 3, 4, 5] and told == [('told',)], (seen, told)
    await asyncio.sleep(0)
    assert seen == [2, 1, 3, 4, 5, 6]
    loop.set_exception_handler(None)
";
    awaited(code, "main", |py| forever(py, &Drops::default())).await?;
    Ok(())
}

// Others set the handler of the loop too.
#[runtime::test(serial)]
async fn a_future_that_somebody_else_completes_keeps_that_result() -> PyResult<()> {
    let code = c"
class Output:
    is_dropped = False
    def __del__(self):
        Output.is_dropped = True
async def dropped():
    while not Output.is_dropped:
        await asyncio.sleep(0)
async def main(f):
    loop, told = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda loop, context: told.append(context))
    try:
        future = f()
        future.set_result('mine')
        assert await future == 'mine'
        await asyncio.wait_for(dropped(), 10)
        assert future.result() == 'mine'
        assert not told, told
    finally:
        loop.set_exception_handler(None)
";
    let future = Python::attach(|py| {
        let names = python(py, code)?;
        let output = names.as_any().get_item("Output")?.unbind();
        let ready = function(py, move |py| {
            let output = output.call0(py)?;
            runtime::future_into_py(py, async { Ok(output) })
        })?;
        runtime::into_future(call(&names, "main", ready)?)
    })?;
    future.await.map(drop)
}

#[runtime::test]
async fn a_future_that_python_forgets_runs_on() -> PyResult<()> {
    let code = c"
async def main(f):
    f()
    gc.collect()
    await wait()
";
    let (sender, receiver) = oneshot::channel();
    let (go, gone) = oneshot::channel::<()>();
    Python::attach(|py| {
        let names = python(py, code)?;
        let parts = Mutex::new(Some((sender, gone)));
        let start = function(py, move |py| {
            let (sender, gone) = parts.lock().unwrap().take().unwrap();
            runtime::future_into_py(py, async move {
                gone.await.unwrap();
                sender.send(()).unwrap();
                Ok(())
            })
        })?;
        let waits = Mutex::new(Some((go, receiver)));
        let wait = function(py, move |py| {
            let (go, receiver) = waits.lock().unwrap().take().unwrap();
            go.send(()).unwrap();
            runtime::future_into_py(py, async move {
                receiver.await.unwrap();
                Ok(())
            })
        })?;
        names.set_item("wait", wait)?;
        runtime::into_future(call(&names, "main", start)?)
    })?
    .await?;
    Ok(())
}

#[runtime::test]
async fn results_are_freed_promptly() -> PyResult<()> {
    let code = c"
class Thing: pass
async def main(f):
    alive = 0
    for _ in range(300):
        await f()
        await asyncio.sleep(0)
        alive += kept() is not None
    return alive
";
    let alive = Python::attach(|py| {
        let names = python(py, code)?;
        let kept = py.eval(c"[None]", None, None)?;
        names.set_item(
            "kept",
            py.eval(c"lambda kept: lambda: kept[0]()", None, None)?
                .call1((&kept,))?,
        )?;
        let (thing, kept) = (names.get_item("Thing")?.unwrap().unbind(), kept.unbind());
        let weakref = py.import("weakref")?.getattr("ref")?.unbind();
        let echo = function(py, move |py| {
            let thing = thing.bind(py).call0()?;
            kept.bind(py)
                .set_item(0, weakref.bind(py).call1((&thing,))?)?;
            let thing = thing.unbind();
            runtime::future_into_py(py, async move {
                let _ = runtime::spawn(async {}).await;
                Ok(thing)
            })
        })?;
        runtime::into_future(call(&names, "main", echo)?)
    })?
    .await?;
    Python::attach(|py| assert_eq!(alive.extract::<usize>(py).unwrap(), 0));
    Ok(())
}

#[runtime::test]
async fn the_number_of_threads_does_not_grow_with_the_futures() -> PyResult<()> {
    let code = c"
import os
def threads():
    return len(os.listdir('/proc/self/task')) if os.path.exists('/proc/self/task') else 0
async def main(f):
    await asyncio.gather(*[f() for _ in range(10)])
    before = threads()
    await asyncio.gather(*[f() for _ in range(3000)])
    # Tests that run beside this one have threads too.
    assert threads() <= before + 30, (before, threads())
";
    awaited(code, "main", |py| {
        function(py, |py| {
            runtime::future_into_py(py, async {
                let _ = runtime::spawn(async {}).await;
                Ok(())
            })
        })
    })
    .await?;
    Ok(())
}
