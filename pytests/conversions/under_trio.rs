//! Python awaitables that Rust futures await under trio.

use std::ffi::CStr;

use pyo3::prelude::*;
use pyo3_aio::PyFuture;

use crate::conversions::on_new_thread;
use crate::fixtures::python::{function, python, require};
use crate::runtime;

/// Gives up the thread, so that the runtime has the future.
async fn suspend() {
    let _ = runtime::spawn(async {}).await;
}

fn convert(function: &Py<PyAny>) -> PyResult<PyFuture> {
    Python::attach(|py| runtime::into_future(function.bind(py).call0()?))
}

/// Awaits what a function of Python's returns.
#[runtime::pyfunction]
async fn awaits(function: Py<PyAny>) -> PyResult<Py<PyAny>> {
    suspend().await;
    convert(&function)?.await
}

/// As `awaits`; the conversion is in the first poll, on trio's thread.
#[runtime::pyfunction]
async fn awaits_first(function: Py<PyAny>) -> PyResult<Py<PyAny>> {
    convert(&function)?.await
}

/// As `awaits`; the conversion is in a task that is spawned in the first poll.
#[runtime::pyfunction]
async fn awaits_spawned(function: Py<PyAny>) -> PyResult<Py<PyAny>> {
    let (sender, receiver) = futures_channel::oneshot::channel();
    let spawned = runtime::spawn(async move {
        let awaited = match convert(&function) {
            Ok(awaited) => awaited.await,
            Err(error) => Err(error),
        };
        let _ = sender.send(awaited);
    });
    let _ = spawned.await;
    receiver.await.unwrap()
}

/// As `awaits`; the conversion is in the call.
#[pyfunction]
fn awaits_converted<'py>(function: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let awaited = runtime::into_future(function.call0()?)?;
    runtime::into_coroutine(function.py(), awaited)
}

/// Ends when it is dropped.
#[runtime::pyfunction]
async fn rests() {
    std::future::pending().await
}

/// Ends by itself.
#[runtime::pyfunction]
async fn suspends() {
    suspend().await;
}

/// Gives up the awaitable when it has started, and waits for its end.
#[runtime::pyfunction]
async fn gives_up(
    function: Py<PyAny>,
    started: Py<PyAny>,
    ended: Py<PyAny>,
    detaches: bool,
) -> PyResult<()> {
    suspend().await;
    let awaited = convert(&function)?;
    convert(&started)?.await?;
    match detaches {
        true => awaited.detach(),
        false => drop(awaited),
    }
    convert(&ended)?.await.map(drop)
}

#[pyfunction]
fn starts(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    runtime::future_into_py(py, async { Ok(1) })
}

#[pyfunction]
fn streams(generator: Bound<'_, PyAny>) -> PyResult<()> {
    runtime::into_stream(generator).map(drop)
}

/// Calls `main` of the program in `trio.run`.
fn run(program: &CStr) -> PyResult<()> {
    require("trio");
    on_new_thread(|py| {
        let names = python(py, c"import contextvars, trio, trio.testing")?;
        names.set_item("awaits", wrap_pyfunction!(awaits, py)?)?;
        names.set_item("awaits_first", wrap_pyfunction!(awaits_first, py)?)?;
        names.set_item("awaits_spawned", wrap_pyfunction!(awaits_spawned, py)?)?;
        names.set_item("awaits_converted", wrap_pyfunction!(awaits_converted, py)?)?;
        names.set_item("rests", wrap_pyfunction!(rests, py)?)?;
        names.set_item("suspends", wrap_pyfunction!(suspends, py)?)?;
        names.set_item("gives_up", wrap_pyfunction!(gives_up, py)?)?;
        names.set_item("starts", wrap_pyfunction!(starts, py)?)?;
        names.set_item("streams", wrap_pyfunction!(streams, py)?)?;
        names.set_item(
            "block",
            function(py, |py| {
                Ok(runtime::block_on(py, async { Ok(1_u8) })?
                    .into_pyobject(py)?
                    .into_any())
            })?,
        )?;
        py.run(program, Some(&names), None)?;
        py.run(
            c"ALL = awaits, awaits_first, awaits_spawned, awaits_converted",
            Some(&names),
            None,
        )?;
        let main = names.get_item("main")?.unwrap();
        names
            .get_item("trio")?
            .unwrap()
            .call_method1("run", (main,))?;
        Ok(())
    })
}

#[runtime::test]
fn rust_awaits_a_coroutine_of_trio() -> PyResult<()> {
    run(c"
variable = contextvars.ContextVar('variable', default='unset')
async def coroutine():
    value = variable.get()
    variable.set('changed')
    await trio.sleep(0.001)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.sleep, 0)
    return value
async def fails():
    await trio.sleep(0)
    raise KeyError('mine')
async def main():
    variable.set('of the task')
    for function in ALL:
        assert await function(coroutine) == 'of the task', function
        assert variable.get() == 'of the task'
        try:
            await function(fails)
        except KeyError as error:
            assert error.args == ('mine',)
        else:
            assert False
    async with trio.open_nursery() as nursery:
        for _ in range(50):
            for function in ALL:
                nursery.start_soon(function, coroutine)
")
}

#[runtime::test]
fn a_cancelled_task_of_trio_cancels_what_rust_awaits() -> PyResult<()> {
    run(c"
async def main():
    # What `spawn` has started runs on.
    for function in set(ALL) - {awaits_spawned}:
        for seconds in 0, 0.002:
            started, cancelled = [], trio.Event()
            async def forever():
                started.append(1)
                try:
                    await trio.sleep_forever()
                finally:
                    cancelled.set()
            with trio.move_on_after(seconds) as scope:
                await function(forever)
            assert scope.cancelled_caught
            if started:
                with trio.fail_after(10):
                    await cancelled.wait()
")
}

#[runtime::test]
fn a_future_that_is_dropped_or_detached_under_trio() -> PyResult<()> {
    run(c"
async def ends(detaches):
    seen = []
    started, ended = trio.Event(), trio.Event()
    async def task():
        started.set()
        try:
            await trio.sleep(0.005 if detaches else 60)
            raise KeyError('mine')
        except trio.Cancelled:
            seen.append('cancelled')
            raise
        finally:
            ended.set()
    hook = sys.unraisablehook
    sys.unraisablehook = lambda args: seen.append(args.exc_value.args)
    try:
        await gives_up(task, started.wait, ended.wait, detaches)
        await trio.testing.wait_all_tasks_blocked()
    finally:
        sys.unraisablehook = hook
    return seen
async def main():
    assert await ends(True) == [('mine',)]
    assert await ends(False) == ['cancelled']
")
}

#[runtime::test]
fn what_trio_cannot_do_is_refused() -> PyResult<()> {
    run(c"
async def refused(call, text):
    try:
        result = call()
        if hasattr(result, '__await__'):
            await result
    except (RuntimeError, TypeError) as error:
        assert text in str(error), error
    else:
        assert False
async def generator():
    yield 1
async def main():
    await refused(starts, 'trio awaits no futures')
    await refused(lambda: streams(generator()), 'under trio await')
    await refused(block, 'would block the event loop')
    loop = asyncio.new_event_loop()
    try:
        for function in ALL:
            # trio's own words.
            await refused(lambda: function(loop.create_future), 'asyncio')
    finally:
        loop.close()
    # In a thread of trio's there is no run.
    await refused(lambda: trio.to_thread.run_sync(awaits_converted, generator().__anext__), 'no running event loop')
")
}

#[runtime::test]
fn a_run_of_trio_that_ends_tells_rust() -> PyResult<()> {
    run(c"
async def main():
    ended = []
    async def task():
        try:
            await trio.sleep_forever()
        finally:
            ended.append(1)
    # Nobody awaits the coroutines, so that nothing waits for the end of the task but the run.
    for function in ALL:
        coroutine = function(task)
        if function is not awaits_converted:
            coroutine.close()
            continue
        await trio.testing.wait_all_tasks_blocked()
        coroutine.close()
        await trio.testing.wait_all_tasks_blocked()
        assert ended == [1]
    coroutines.append(awaits_converted(task))
    await trio.testing.wait_all_tasks_blocked()
coroutines = []
def check():
    coroutine = coroutines.pop()
    try:
        coroutine.send(None)
    except (RuntimeError, trio.RunFinishedError):
        pass
    else:
        assert False
")
}

/// At the end of a run trio cancels all system tasks at once: those in which Rust awaits Python, and the one that wakes tasks
/// which wait for Rust.
#[runtime::test]
fn a_run_ends_though_rust_awaits_python_that_awaits_rust() -> PyResult<()> {
    for _ in 0..20 {
        run(c"
async def work():
    try:
        await rests()
    finally:
        with trio.CancelScope(shield=True):
            await suspends()
async def main():
    for function in ALL:
        with trio.move_on_after(0.002):
            await function(work)
    trio.lowlevel.spawn_system_task(rests)
    with trio.move_on_after(0.002):
        await awaits(work)
")?;
    }
    Ok(())
}

#[runtime::test]
fn a_task_of_trio_that_rust_cancels_ends_with_cancelled_error() -> PyResult<()> {
    run(c"
import asyncio
async def cancelled():
    raise asyncio.CancelledError('told')
async def main():
    try:
        await awaits(cancelled)
    except asyncio.CancelledError as error:
        assert error.args == ('told',)
    else:
        assert False
")
}
