//! Coroutines of Python: what asyncio does with them, and when they start and end.

use std::ffi::CStr;
use std::sync::mpsc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

use crate::conversions::awaited;
use crate::fixtures::drops::Drops;
use crate::fixtures::joins::{Joins, assert_joined};
use crate::fixtures::python::{call, function, python};
use crate::runtime;

/// Awaits what `main(f)` returns. `f()` makes a coroutine whose Rust future is never ready, `drops()` counts the futures
/// that have been dropped.
async fn counted(code: &CStr) -> PyResult<()> {
    let drops = Drops::default();
    let future = Python::attach(|py| {
        let names = python(py, code)?;
        names.set_item("drops", drops.function(py)?)?;
        let forever = function(py, move |py| {
            let guard = drops.guard();
            runtime::into_coroutine::<_, ()>(py, async move {
                let _guard = guard;
                std::future::pending().await
            })
        })?;
        runtime::into_future(call(&names, "main", forever)?)
    })?;
    future.await.map(drop)
}

#[runtime::test]
async fn a_ready_coroutine_has_its_result() -> PyResult<()> {
    let code = c"async def main(f): return await f() + await asyncio.create_task(f())";
    let sum = awaited(code, "main", |py| {
        function(py, |py| runtime::into_coroutine(py, async { Ok(21) }))
    });
    let sum = sum.await?;
    Python::attach(|py| assert_eq!(sum.extract::<i32>(py).unwrap(), 42));
    Ok(())
}

#[runtime::test]
async fn all_of_asyncio_takes_a_coroutine() -> PyResult<()> {
    let code = c"
import collections.abc, inspect
async def main(f):
    coroutine = f()
    assert asyncio.iscoroutine(coroutine) and not asyncio.isfuture(coroutine)
    assert isinstance(coroutine, collections.abc.Coroutine) and inspect.isawaitable(coroutine)
    assert await coroutine == 1
    try:
        await coroutine
    except RuntimeError as error:
        assert str(error) == 'cannot reuse already awaited coroutine'
    else:
        assert False
    assert await asyncio.create_task(f()) == 1
    assert await asyncio.gather(f(), f()) == [1, 1]
    assert await asyncio.wait_for(f(), 10) == 1
    assert await asyncio.shield(f()) == 1
    if sys.version_info >= (3, 11):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(f())
        assert task.result() == 1
    loop = asyncio.get_running_loop()
    threadsafe = lambda: asyncio.run_coroutine_threadsafe(f(), loop).result(10)
    assert await loop.run_in_executor(None, threadsafe) == 1
";
    awaited(code, "main", |py| {
        function(py, |py| {
            runtime::into_coroutine(py, async {
                let _ = runtime::spawn(async {}).await;
                Ok(1)
            })
        })
    })
    .await?;
    Ok(())
}

#[runtime::test]
async fn a_coroutine_starts_with_its_first_step() -> PyResult<()> {
    let code = c"
async def main(f):
    coroutine = f()
    await asyncio.sleep(0)
    assert drops() == 0
    coroutine.close()
    assert drops() == 1
    del coroutine
    f()
    assert drops() == 2
";
    counted(code).await
}

#[runtime::test]
async fn the_awaiter_of_a_cancelled_coroutine_resumes_after_the_drop() -> PyResult<()> {
    let code = c"
async def main(f):
    for count in range(1, 50):
        task = asyncio.ensure_future(f())
        await asyncio.sleep(0)
        assert task.cancel('why') if sys.version_info >= (3, 9) else task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        else:
            assert False
        assert task.cancelled()
        assert drops() == count
";
    counted(code).await
}

#[runtime::test]
async fn a_coroutine_that_panicked_is_finished() -> PyResult<()> {
    let code = c"
async def main(f):
    coroutine = f()
    try:
        coroutine.send(None)
    except Exception as error:
        assert type(error).__name__ == 'RustPanic', error
    else:
        assert False
    coroutine.close()
";
    awaited(code, "main", |py| {
        function(py, |py| {
            runtime::into_coroutine::<_, ()>(py, async { panic!("at once") })
        })
    })
    .await?;
    Ok(())
}

#[runtime::test]
fn a_coroutine_that_never_ran_is_dropped_detached_from_python() {
    Python::attach(|py| {
        for step in ["", "close", "throw"] {
            let (tell, told) = mpsc::channel();
            let value = Joins(tell);
            let coroutine = runtime::into_coroutine(py, async move {
                let _value = value;
                Ok(())
            });
            let coroutine = coroutine.unwrap();
            match step {
                "close" => drop(coroutine.call_method0("close").unwrap()),
                "throw" => {
                    let error = py.get_type::<PyValueError>();
                    coroutine.call_method1("throw", (error,)).unwrap_err();
                }
                _ => drop(coroutine),
            }
            assert_joined(py, told);
        }
    });
}

#[runtime::test]
async fn a_coroutine_has_the_name_that_it_was_given() {
    Python::attach(|py| {
        let builder = || runtime::coroutine_builder().name("Client.get");
        let coroutine = builder().build(py, async { Ok(()) }).unwrap();
        assert_eq!(coroutine.getattr("__name__").unwrap().to_string(), "get");
        assert_eq!(
            coroutine.getattr("__qualname__").unwrap().to_string(),
            "Client.get"
        );
        let cancellable = builder().build_cancellable(py, |_| async { Ok(()) });
        let name = cancellable.unwrap().getattr("__name__").unwrap();
        assert_eq!(name.to_string(), "get");
    });
}
