//! Waits for Rust futures on a thread on which their runtime polls one: they end, or are refused, and never hang.
#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::env;
use std::future::poll_fn;
use std::process::{Command, Stdio};
use std::task::Poll;
use std::thread;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::sync::oneshot;

pyo3_aio::testing::main!();

/// A future that its first poll leaves pending, and whose output another thread sets.
async fn later() -> PyResult<u32> {
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

/// Passes when the wait was for `later()`, or was refused where it would not end.
fn assert_waited(waited: PyResult<u32>, may_wait: bool) {
    match waited {
        Ok(output) => assert_eq!(output, 7),
        Err(error) => Python::attach(|py| {
            assert!(!may_wait, "{error}");
            assert!(error.is_instance_of::<PyRuntimeError>(py), "{error}");
            assert!(
                error.to_string().contains("would wait for itself"),
                "{error}"
            );
        }),
    }
}

/// Defines the tests for a runtime: whether what the library waits with may wait, and whether a loop of Python's own may.
macro_rules! waiting_tests {
    ($module:ident, $runtime:ident, $ours:expr, $pythons:expr) => {
        mod $module {
            use pyo3::prelude::*;
            use pyo3_aio::$runtime as runtime;

            use crate::{assert_waited, later};

            /// Has the library's runtime poll a future that waits.
            async fn on_runtime(wait: fn(Python<'_>) -> PyResult<u32>) -> PyResult<u32> {
                let (sender, waited) = tokio::sync::oneshot::channel();
                let _spawned = runtime::spawn(async move {
                    let _ = sender.send(Python::attach(wait));
                });
                waited.await.expect("the future does not panic")
            }

            #[pyo3_aio::$runtime::test(serial, timeout = "60s")]
            async fn block_on_waits_within_a_poll() {
                let waited = on_runtime(|py| runtime::block_on(py, later()));
                assert_waited(waited.await, $ours);
            }

            #[pyo3_aio::$runtime::test(serial, timeout = "60s")]
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
                assert_waited(waited.await, $ours);
            }

            #[pyo3_aio::$runtime::test(serial, timeout = "60s")]
            async fn a_loop_of_python_waits_within_a_poll() {
                let waited = on_runtime(|py| {
                    let coroutine = runtime::into_coroutine(py, later())?;
                    py.import("asyncio")?
                        .call_method1("run", (coroutine,))?
                        .extract()
                });
                assert_waited(waited.await, $pythons);
            }

            /// Its thread is none of the library's runtime, which does not wait for itself there.
            #[pyo3_aio::$runtime::test(serial, timeout = "60s")]
            async fn a_test_waits_in_any_case() {
                let waited = Python::attach(|py| runtime::block_on(py, later()));
                assert_waited(waited, true);
            }
        }
    };
}

/// Says whether a runtime has a thread beside the one that waits.
fn has_another(variable: &str, default: usize) -> bool {
    let count = env::var(variable).map_or(default, |count| count.parse().unwrap());
    count > 1
}

fn async_std_has_another() -> bool {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    has_another("ASYNC_STD_THREAD_COUNT", cores)
}

// tokio replaces the thread that waits, if the library asks it to.
waiting_tests!(on_tokio, tokio, true, false);
waiting_tests!(
    on_async_std,
    async_std,
    crate::async_std_has_another(),
    crate::async_std_has_another()
);
waiting_tests!(
    on_smol,
    smol,
    crate::has_another("SMOL_THREADS", 1),
    crate::has_another("SMOL_THREADS", 1)
);

#[pyo3_aio::tokio::test]
fn as_many_wait_as_leave_a_thread() {
    for threads in ["1", "2", "3"] {
        let status = Command::new(env::current_exe().unwrap())
            .args(["--skip", "as_many_wait_as_leave_a_thread", "-q"])
            .env("ASYNC_STD_THREAD_COUNT", threads)
            .env("SMOL_THREADS", threads)
            .stdout(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "with {threads} threads: {status}");
    }
}

/// What the loop waits for is polled on the thread that has taken this one's place.
#[pyo3_aio::tokio::test(serial, timeout = "60s")]
async fn a_loop_of_python_waits_where_the_thread_was_replaced() {
    let waited = pyo3_aio::tokio::spawn(async {
        tokio::task::block_in_place(|| {
            Python::attach(|py| {
                let coroutine = pyo3_aio::tokio::into_coroutine(py, later())?;
                let run = py.import("asyncio")?.getattr("run")?;
                run.call1((coroutine,))?.extract()
            })
        })
    });
    assert_waited(waited.await.unwrap(), true);
}

#[pyo3_aio::tokio::test(serial, timeout = "60s")]
async fn block_on_waits_where_another_runtime_has_been_entered() {
    let waited = pyo3_aio::tokio::spawn(async {
        let other = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let waited = {
            let _entered = other.enter();
            Python::attach(|py| pyo3_aio::tokio::block_on(py, later()))
        };
        other.shutdown_background();
        waited
    });
    assert_waited(waited.await.unwrap(), true);
}

#[pyo3_aio::tokio::test(serial, timeout = "60s")]
async fn block_on_waits_in_a_task_that_the_library_does_not_know() {
    let handle = pyo3_aio::tokio::get_handle();
    let in_place = handle.spawn(async {
        tokio::task::block_in_place(|| Python::attach(|py| pyo3_aio::tokio::block_on(py, later())))
    });
    assert_waited(in_place.await.unwrap(), true);
    let beside = handle.spawn(async {
        let wait = || Python::attach(|py| pyo3_aio::tokio::block_on(py, later()));
        tokio::task::spawn_blocking(wait).await.unwrap()
    });
    assert_waited(beside.await.unwrap(), true);
}
