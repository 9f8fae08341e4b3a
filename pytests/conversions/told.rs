//! Rust futures that are told when Python cancels them.

use std::sync::Mutex;

use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::conversions::awaited;
use crate::fixtures::drops::Drops;
use crate::fixtures::python::{call, function, python};
use crate::runtime;

#[runtime::test]
async fn a_told_future_may_clean_up_and_still_be_cancelled() -> PyResult<()> {
    let code = c"
async def main(f):
    for make in f:
        task = asyncio.ensure_future(make())
        await asyncio.sleep(0.01)
        assert task.cancel('why')
        await asyncio.wait([task])
        assert task.cancelled() and cleaned.pop() == ('why',)
";
    Python::attach(|py| {
                    let names = python(py, code)?;
                    let cleaned = pyo3::types::PyList::empty(py);
                    names.set_item("cleaned", &cleaned)?;
                    let cleaned = cleaned.unbind();
                    let make = move |mut cancel: pyo3_aio::CancelHandle, cleaned: Py<pyo3::types::PyList>| async move {
                        let exception = cancel.cancelled().await;
                        let _ = runtime::spawn(async {}).await;
                        Python::attach(|py| {
                            let arguments = exception.value(py).getattr("args")?;
                            cleaned.bind(py).append(arguments)
                        })?;
                        PyResult::<()>::Err(exception)
                    };
                    let other = cleaned.clone_ref(py);
                    let coroutine = function(py, move |py| {
                        let cleaned = cleaned.clone_ref(py);
                        runtime::into_coroutine_cancellable(py, |cancel| make(cancel, cleaned))
                    })?;
                    let future = function(py, move |py| {
                        let cleaned = other.clone_ref(py);
                        runtime::future_into_py_cancellable(py, |cancel| make(cancel, cleaned))
                    })?;
                    let both = pyo3::types::PyTuple::new(py, [coroutine, future])?;
                    runtime::into_future(call(&names, "main", both.into_any())?)
                })?
                .await?;
    Ok(())
}

#[runtime::test]
async fn a_told_future_may_finish_all_the_same() -> PyResult<()> {
    let code = c"
async def main(f):
    task = asyncio.ensure_future(f())
    await asyncio.sleep(0.01)
    assert task.cancel()
    return await task
";
    let finished = awaited(code, "main", |py| {
        function(py, |py| {
            runtime::into_coroutine_cancellable(py, |mut cancel| async move {
                cancel.cancelled().await;
                assert!(!cancel.is_cancelled());
                Ok("finished")
            })
        })
    });
    assert_eq!(finished.await?.to_string(), "finished");
    Ok(())
}

#[runtime::test]
async fn a_cancellation_that_a_told_future_cannot_hear_reaches_the_task() -> PyResult<()> {
    let code = c"
async def main(make):
    async def waits(future):
        await future
        return 'not cancelled'
    for future, finish in make(), make():
        task = asyncio.ensure_future(waits(future))
        await asyncio.sleep(0)
        finish()
        assert task.cancel()
        try:
            assert False, await task
        except asyncio.CancelledError:
            pass
";
    awaited(code, "main", |py| {
        let as_coroutine = std::sync::atomic::AtomicBool::new(true);
        function(py, move |py| {
            let drops = Drops::default();
            let (guard, (sender, receiver)) = (drops.guard(), oneshot::channel());
            let make = move |_| async move {
                let _guard = guard;
                receiver
                    .await
                    .map_err(|_| pyo3::exceptions::PyValueError::new_err("nothing was sent"))
            };
            let future = if as_coroutine.swap(false, std::sync::atomic::Ordering::SeqCst) {
                runtime::into_coroutine_cancellable(py, make)?
            } else {
                runtime::future_into_py_cancellable(py, make)?
            };
            let sender = Mutex::new(Some(sender));
            let finish = function(py, move |py| {
                let sender = sender.lock().unwrap().take();
                sender.unwrap().send(()).unwrap();
                drops.wait_for(py, 1);
                // The guard is dropped by a poll, which is over soon, while this thread keeps the loop.
                std::thread::sleep(std::time::Duration::from_millis(50));
                Ok(py.None().into_bound(py))
            })?;
            Ok((future, finish).into_pyobject(py)?.into_any())
        })
    })
    .await?;
    Ok(())
}

#[runtime::test]
async fn what_is_thrown_into_a_told_coroutine_reaches_the_future() -> PyResult<()> {
    let code = c"
async def main(f):
    coroutine = f()
    coroutine.send(None)
    coroutine.throw(KeyError('thrown'))
    return await coroutine
";
    let thrown = awaited(code, "main", |py| {
        function(py, |py| {
            runtime::into_coroutine_cancellable(py, |mut cancel| async move {
                let thrown = cancel.cancelled().await;
                Ok(thrown.to_string())
            })
        })
    });
    assert_eq!(thrown.await?.to_string(), "KeyError: 'thrown'");
    Ok(())
}
