//! The exit of Python programs whose event loops run on daemon threads: as good as with asyncio alone.
//!
//! `python daemon_loops.py measure RUNS` compares more runs with those of asyncio.

use crate::programs::{repetitions, run};

/// Runs a scenario of the file several times.
fn ends_well(scenario: &str) {
    let program = format!(
        "import sys; sys.argv[1:] = [{scenario:?}, 'extension']\n{}",
        include_str!("daemon_loops.py")
    );
    for repetition in 0..repetitions() / 2 {
        let (status, stderr) = run(&program);
        assert!(
            status.success() && stderr.is_empty(),
            "{scenario}, repetition {repetition}: {status}\n{stderr}"
        );
    }
}

#[pyo3_aio::tokio::test]
fn loops_on_daemon_threads_that_are_busy_end_well() {
    ends_well("busy");
}

#[pyo3_aio::tokio::test]
fn loops_on_daemon_threads_that_are_starting_end_well() {
    ends_well("starting");
}

#[pyo3_aio::tokio::test]
fn streams_on_daemon_threads_end_well() {
    ends_well("streams");
}

#[pyo3_aio::tokio::test]
fn callbacks_on_daemon_threads_end_well() {
    ends_well("callbacks");
}

#[pyo3_aio::tokio::test]
fn a_loop_in_the_background_ends_well() {
    ends_well("facade");
    ends_well("facade, at once");
}
