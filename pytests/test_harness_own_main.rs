//! The form of pyo3-async-runtimes: a `main` of one's own that awaits the harness.
//!
//! It is a binary of its own for that `main`, and because `sys.path` has the folder of any of its test files: it has one.

use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::prelude::*;

#[pyo3_aio::tokio::test]
async fn runs_beside_the_loop_of_main() -> PyResult<()> {
    let sleep = Python::attach(|py| {
        let asyncio = py.import("asyncio")?;
        pyo3_aio::tokio::into_future(asyncio.call_method1("sleep", (0.001,))?)
    })?;
    sleep.await?;
    Ok(())
}

#[pyo3_aio::async_std::test]
fn imports_from_the_folder_of_the_file() -> PyResult<()> {
    Python::attach(|py| {
        let path: Vec<String> = py.import("sys")?.getattr("path")?.extract()?;
        assert!(path[0].ends_with("pytests"), "{path:?}");
        Ok(())
    })
}

/// Has the library catch a panic; returns the text that Python sees.
async fn caught_panic() -> PyResult<String> {
    let coroutine = Python::attach(|py| {
        let coroutine = pyo3_aio::tokio::into_coroutine(py, async {
            if true {
                panic!("the text");
            }
            Ok(())
        })?;
        pyo3_aio::tokio::into_future(coroutine)
    })?;
    Ok(coroutine.await.expect_err("it panics").to_string())
}

fn assert_has_location(panic: &str) {
    assert!(
        panic.contains("the text (pytests/test_harness_own_main.rs:"),
        "{panic}"
    );
}

/// How many panics a hook of the user's has heard of.
static HEARD: AtomicUsize = AtomicUsize::new(0);

/// The harness replaces the panic hook, which is what knows the location, for each run.
#[pyo3_aio::tokio::test]
async fn a_panic_has_its_location_in_a_run() -> PyResult<()> {
    assert_has_location(&caught_panic().await?);
    Ok(())
}

#[pyo3_aio::tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> PyResult<()> {
    assert_has_location(&caught_panic().await?);
    pyo3_aio::testing::main().await?;
    assert_has_location(&caught_panic().await?);
    std::panic::set_hook(Box::new(|_| {
        HEARD.fetch_add(1, Ordering::Relaxed);
    }));
    assert_has_location(&caught_panic().await?);
    let taken = std::panic::take_hook();
    std::panic::set_hook(taken);
    assert_has_location(&caught_panic().await?);
    assert_eq!(HEARD.load(Ordering::Relaxed), 2);
    // The second run of the process.
    pyo3_aio::testing::main().await
}
