//! serial_test: no two of its tests run at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serial_test::serial;

static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Counts the tests that run, and lets others have a go.
fn run() {
    let others = RUNNING.fetch_add(1, Ordering::SeqCst);
    for _ in 0..100 {
        thread::yield_now();
    }
    RUNNING.fetch_sub(1, Ordering::SeqCst);
    assert_eq!(others, 0, "another test runs");
}

#[pyo3_aio::tokio::test]
#[serial]
fn runs_alone() {
    run();
}

#[serial]
#[pyo3_aio::tokio::test]
fn runs_alone_above_it() {
    run();
}

#[pyo3_aio::tokio::test]
#[serial]
fn fails() {
    run();
    panic!("the turn goes on to the next");
}

#[pyo3_aio::tokio::test]
#[serial]
fn fails_with_an_error() -> Result<(), String> {
    run();
    Err("its own error".to_owned())
}
