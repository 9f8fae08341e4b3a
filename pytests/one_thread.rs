//! Rust futures on a runtime with one thread.

use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::fixtures::python::{call, function, python};
use crate::runtime;

/// One thread polls the futures in the order in which they were woken.
#[runtime::test]
async fn results_arrive_in_order() -> PyResult<()> {
    let code = c"
async def main(f):
    for _ in range(20):
        order = []
        futures = [f() for _ in range(50)]
        for number, future in enumerate(futures):
            future.add_done_callback(lambda _, number=number: order.append(number))
        # When this one is done, the thread has polled all that were spawned before it.
        await ready()
        complete()
        await asyncio.wait(futures)
        assert order == list(range(50)), order
";
    let senders = Arc::new(Mutex::new(Vec::new()));
    let future = Python::attach(|py| {
        let names = python(py, code)?;
        let pending = Arc::clone(&senders);
        let make = function(py, move |py| {
            let (sender, receiver) = oneshot::channel();
            pending.lock().unwrap().push(sender);
            runtime::future_into_py(py, async move {
                receiver.await.unwrap();
                Ok(())
            })
        })?;
        let complete = function(py, move |py| {
            for sender in senders.lock().unwrap().drain(..) {
                sender.send(()).unwrap();
            }
            Ok(py.None().into_bound(py))
        })?;
        names.set_item("complete", complete)?;
        let ready = function(py, |py| runtime::future_into_py(py, async { Ok(()) }))?;
        names.set_item("ready", ready)?;
        runtime::into_future(call(&names, "main", make)?)
    })?;
    future.await.map(|_| ())
}

#[runtime::test]
async fn it_sleeps_on_its_own_thread() -> PyResult<()> {
    let spawned = runtime::spawn(async {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        std::thread::current().name().map(str::to_owned)
    });
    assert_eq!(spawned.await.unwrap().as_deref(), Some("pyo3-aio-tokio"));
    Ok(())
}

#[runtime::test]
fn init_is_too_late() -> PyResult<()> {
    let error = runtime::init_multi_thread().unwrap_err();
    assert!(error.to_string().contains("exists already"), "{error}");
    Ok(())
}

#[runtime::test]
async fn it_does_not_wait_for_itself() -> PyResult<()> {
    let spawned = runtime::spawn(async { Python::attach(waits_for_itself) });
    spawned.await.unwrap()
}

fn waits_for_itself(py: Python<'_>) -> PyResult<()> {
    let refused = runtime::block_on(py, async { Ok(()) }).unwrap_err();
    assert!(refused.to_string().contains("would wait for itself"));
    let coroutine = runtime::into_coroutine(py, std::future::pending::<PyResult<()>>())?;
    let run = py.import("asyncio")?.getattr("run")?;
    let refused = run.call1((coroutine,)).unwrap_err();
    assert!(refused.to_string().contains("would wait for itself"));
    Ok(())
}
