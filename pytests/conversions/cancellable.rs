//! Rust futures that are told when Python cancels them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;
use pyo3::types::PyList;
use pyo3_aio::CancelHandle;
use tokio::sync::oneshot;

use crate::conversions::awaited;
use crate::fixtures::python::{call, function, python};
use crate::fixtures::signal::Signal;
use crate::runtime;

/// Adds the arguments of the exception that cancels it to a list, and returns that exception.
async fn clean_up(mut cancel: CancelHandle, started: Signal, cleaned: Py<PyList>) -> PyResult<()> {
    started.send();
    let exception = cancel.cancelled().await;
    let _ = runtime::spawn(async {}).await;
    Python::attach(|py| {
        let arguments = exception.value(py).getattr("args")?;
        cleaned.bind(py).append(arguments)
    })?;
    Err(exception)
}

#[runtime::test]
async fn a_told_future_may_clean_up_and_still_be_cancelled() -> PyResult<()> {
    let code = c"
async def main(f):
    for make in f:
        task = asyncio.ensure_future(make())
        await started()
        assert task.cancel('why')
        await asyncio.wait([task])
        assert task.cancelled() and cleaned.pop() == ('why',)
";
    let future = Python::attach(|py| {
        let names = python(py, code)?;
        let (started, cleaned) = (Signal::new(), PyList::empty(py));
        names.set_item("started", started.function(py)?)?;
        names.set_item("cleaned", &cleaned)?;
        let (other, others) = (started.clone(), cleaned.clone().unbind());
        let cleaned = cleaned.unbind();
        let coroutine = function(py, move |py| {
            let (started, cleaned) = (started.clone(), cleaned.clone_ref(py));
            runtime::into_coroutine_cancellable(py, |cancel| clean_up(cancel, started, cleaned))
        })?;
        let future = function(py, move |py| {
            let (started, cleaned) = (other.clone(), others.clone_ref(py));
            runtime::future_into_py_cancellable(py, |cancel| clean_up(cancel, started, cleaned))
        })?;
        let both = (coroutine, future).into_pyobject(py)?.into_any();
        runtime::into_future(call(&names, "main", both)?)
    })?;
    future.await.map(drop)
}

#[runtime::test]
async fn a_told_future_may_finish_all_the_same() -> PyResult<()> {
    let code = c"
async def main(f):
    task = asyncio.ensure_future(f())
    # Its first step polls the future.
    await asyncio.sleep(0)
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

#[runtime::test(timeout = "60s")]
fn a_cancellation_that_a_told_future_cannot_hear_reaches_the_task() -> PyResult<()> {
    let code = c"
def main(make):
    async def waits(future):
        await future
        return 'not cancelled'
    async def main():
        future, finish = make()
        task = asyncio.ensure_future(waits(future))
        await asyncio.sleep(0)
        finish()
        # This keeps the loop, which the answer wakes.
        assert asyncio.get_running_loop()._selector.select(10)
        assert task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        else:
            assert False
    for _ in range(2):
        asyncio.run(main())
";
    Python::attach(|py| {
        let as_coroutine = AtomicBool::new(true);
        let make = function(py, move |py| {
            let (sender, receiver) = oneshot::channel();
            let make = move |_| async move {
                receiver.await.unwrap();
                Ok(())
            };
            let future = if as_coroutine.swap(false, Ordering::SeqCst) {
                runtime::into_coroutine_cancellable(py, make)?
            } else {
                runtime::future_into_py_cancellable(py, make)?
            };
            let sender = Mutex::new(Some(sender));
            let finish = function(py, move |py| {
                let sender = sender.lock().unwrap().take();
                sender.unwrap().send(()).unwrap();
                Ok(py.None().into_bound(py))
            })?;
            Ok((future, finish).into_pyobject(py)?.into_any())
        })?;
        call(&python(py, code)?, "main", make).map(drop)
    })
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
