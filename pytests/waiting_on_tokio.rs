//! Waits on threads of tokio that it has replaced, or of which the library does not know.

use pyo3::prelude::*;

use crate::runtime;
use crate::waiting::{assert_refused, assert_waited, later};

/// `block_in_place` has another thread take the place of this one; it polls the future that the loop waits for.
#[runtime::test(serial, timeout = "60s")]
async fn a_loop_of_python_waits_where_the_thread_was_replaced() {
    let waited = runtime::spawn(async {
        tokio::task::block_in_place(|| {
            Python::attach(|py| {
                let coroutine = runtime::into_coroutine(py, later())?;
                let run = py.import("asyncio")?.getattr("run")?;
                run.call1((coroutine,))?.extract()
            })
        })
    });
    assert_waited(waited.await.unwrap(), true);
}

/// It has no budget, as a thread that was replaced has none, and is not replaced.
#[runtime::test(serial, timeout = "60s")]
async fn a_loop_of_python_is_refused_within_an_unconstrained_future() {
    let waited = runtime::spawn(tokio::task::unconstrained(async {
        Python::attach(|py| {
            let coroutine = runtime::into_coroutine(py, later())?;
            let run = py.import("asyncio")?.getattr("run")?;
            run.call1((coroutine,))?.extract::<u32>()
        })
    }));
    assert_refused(&waited.await.unwrap().unwrap_err());
}

#[runtime::test(serial, timeout = "60s")]
async fn block_on_waits_where_another_runtime_has_been_entered() {
    let waited = runtime::spawn(async {
        let other = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let waited = {
            let _entered = other.enter();
            Python::attach(|py| runtime::block_on(py, later()))
        };
        other.shutdown_background();
        waited
    });
    assert_waited(waited.await.unwrap(), true);
}

#[runtime::test(serial, timeout = "60s")]
async fn block_on_waits_in_a_task_that_the_library_does_not_know() {
    let handle = runtime::get_handle();
    let in_place = handle.spawn(async {
        tokio::task::block_in_place(|| Python::attach(|py| runtime::block_on(py, later())))
    });
    assert_waited(in_place.await.unwrap(), true);
    let beside = handle.spawn(async {
        let wait = || Python::attach(|py| runtime::block_on(py, later()));
        tokio::task::spawn_blocking(wait).await.unwrap()
    });
    assert_waited(beside.await.unwrap(), true);
}
