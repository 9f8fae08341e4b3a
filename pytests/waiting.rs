//! Waits for Rust futures on a thread on which their runtime polls one: they end, or are refused, and never hang.

use std::future::poll_fn;
use std::task::Poll;
use std::thread;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::sync::oneshot;

use crate::runtime;

/// The places within the poll of a future where a thread of the runtime may wait.
#[derive(Clone, Copy)]
pub(crate) struct MayWait {
    /// In `block_on` and `run`.
    pub(crate) for_the_library: bool,
    /// In an event loop that Python runs.
    pub(crate) for_python: bool,
}

/// A future that its first poll leaves pending, and whose output another thread sets.
pub(crate) async fn later() -> PyResult<u32> {
    let mut is_first = true;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if std::mem::take(&mut is_first) {
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
    let (sender, output) = oneshot::channel();
    thread::spawn(|| sender.send(7));
    Ok(output.await.expect("the thread sends"))
}

/// Passes when `later()` was waited for where it may be, and refused where it may not.
pub(crate) fn assert_waited(waited: PyResult<u32>, may_wait: bool) {
    match waited {
        Ok(output) => assert_eq!((output, may_wait), (7, true)),
        Err(error) => {
            assert!(!may_wait, "{error}");
            assert_refused(&error);
        }
    }
}

/// Passes when the error is the refusal to wait.
pub(crate) fn assert_refused(error: &PyErr) {
    Python::attach(|py| assert!(error.is_instance_of::<PyRuntimeError>(py), "{error}"));
    let text = error.to_string();
    assert!(text.contains("would wait for itself"), "{text}");
}

/// Has the library's runtime poll a future that waits.
async fn on_runtime(wait: fn(Python<'_>) -> PyResult<u32>) -> PyResult<u32> {
    let (sender, waited) = oneshot::channel();
    let _spawned = runtime::spawn(async move {
        let sent = sender.send(Python::attach(wait));
        assert!(sent.is_ok(), "the test waits for it");
    });
    waited.await.expect("the future does not panic")
}

#[runtime::test(serial, timeout = "60s")]
async fn block_on_waits_within_a_poll() {
    let waited = on_runtime(|py| runtime::block_on(py, later()));
    assert_waited(waited.await, crate::may_wait().for_the_library);
}

#[runtime::test(serial, timeout = "60s")]
async fn run_waits_within_a_poll() {
    let waited = on_runtime(|py| {
        runtime::run(py, async {
            Python::attach(|py| {
                let sleep = py.import("asyncio")?.call_method1("sleep", (0,))?;
                runtime::into_future(sleep)
            })?
            .await?;
            later().await
        })
    });
    assert_waited(waited.await, crate::may_wait().for_the_library);
}

#[runtime::test(serial, timeout = "60s")]
async fn a_loop_of_python_waits_within_a_poll() {
    let waited = on_runtime(|py| {
        let coroutine = runtime::into_coroutine(py, later())?;
        let run = py.import("asyncio")?.getattr("run")?;
        run.call1((coroutine,))?.extract()
    });
    assert_waited(waited.await, crate::may_wait().for_python);
}

/// Its thread is none of the library's runtime, which does not wait for itself there.
#[runtime::test(serial, timeout = "60s")]
async fn a_test_waits_in_any_case() {
    let waited = Python::attach(|py| runtime::block_on(py, later()));
    assert_waited(waited, true);
}
