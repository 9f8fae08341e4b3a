//! Conversions on several event loops, each in a thread of its own, as the threads of a Python without the GIL run.

use std::time::Duration;

use crate::programs::run_within;

/// `pytests/pythons.sh` sets the variable to have more of them on a Python without the GIL.
#[pyo3_aio::tokio::test(timeout = "30m")]
fn eight_loops_convert_at_once() {
    let count = std::env::var("PYO3_AIO_STRESS").unwrap_or_else(|_| "100".to_owned());
    let program = include_str!("threads.py");
    let (status, stderr) = run_within(Duration::from_secs(1500), &["-c", program, &count]);
    assert!(status.success() && stderr.is_empty(), "{status}\n{stderr}");
}
