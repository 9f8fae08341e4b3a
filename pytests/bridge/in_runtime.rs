//! Futures that use a tokio runtime of the test's in place of the library's.

use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Waker};

use pyo3::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::runtime;

/// A runtime with one thread, whose name is `client`.
fn client() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(1).thread_name("client").enable_all();
    runtime.build().unwrap()
}

fn thread_name() -> String {
    let current = std::thread::current();
    current.name().unwrap_or_default().to_owned()
}

/// Returns the name of the thread that runs what is spawned here.
async fn name_of_a_worker() -> PyResult<String> {
    Ok(tokio::spawn(async { thread_name() }).await.unwrap())
}

#[runtime::test]
async fn what_a_coroutine_spawns_is_on_the_runtime_that_it_was_given() -> PyResult<()> {
    let client = client();
    let handle = client.handle();
    let awaited = Python::attach(|py| {
        let coroutine = runtime::in_runtime(handle.clone(), name_of_a_worker());
        let future = runtime::in_runtime(handle.clone(), name_of_a_worker());
        PyResult::Ok([
            runtime::into_future(runtime::into_coroutine(py, coroutine)?)?,
            runtime::into_future(runtime::future_into_py(py, future)?)?,
        ])
    })?;
    for name in awaited {
        let name = name.await?;
        Python::attach(|py| assert_eq!(name.extract::<String>(py).unwrap(), "client"));
    }
    client.shutdown_background();
    Ok(())
}

/// Spawns a task when it is dropped, which tells the name of its thread.
struct SpawnsInDrop(mpsc::Sender<String>);

impl Drop for SpawnsInDrop {
    fn drop(&mut self) {
        let tell = self.0.clone();
        tokio::spawn(async move { tell.send(thread_name()) });
    }
}

#[runtime::test]
fn a_coroutine_is_dropped_inside_the_runtime_that_it_was_given() -> PyResult<()> {
    let client = client();
    let (tell, told) = mpsc::channel();
    Python::attach(|py| {
        let value = SpawnsInDrop(tell);
        let future = runtime::in_runtime(client.handle().clone(), async move {
            let _value = value;
            Ok(())
        });
        runtime::into_coroutine(py, future)?
            .call_method0("close")
            .map(drop)
    })?;
    assert_eq!(told.recv().unwrap(), "client");
    Ok(())
}

/// As a future of PyO3's own `async fn` is polled.
#[runtime::test]
fn a_future_that_a_thread_without_a_runtime_polls_has_the_runtime_of_the_library() {
    let poll = || {
        let mut future = pin!(runtime::in_context(name_of_a_worker()));
        let mut cx = Context::from_waker(Waker::noop());
        // Without a runtime, tokio panics at the spawn.
        future.as_mut().poll(&mut cx).is_pending()
    };
    std::thread::spawn(poll).join().unwrap();
}
