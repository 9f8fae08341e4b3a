//! Waits within polls on a runtime whose threads are as many as a variable says: all but one of them may wait.

use std::env;
use std::process::Command;

use pyo3::prelude::*;
use tokio::sync::{mpsc, watch};

use crate::runtime;
use crate::waiting::{MayWait, assert_refused};

/// Reads the number of the runtime's threads.
pub(crate) fn count(variable: &str, default: usize) -> usize {
    env::var(variable).map_or(default, |count| count.parse().unwrap())
}

/// A thread may wait where it leaves another one.
pub(crate) fn may_wait() -> MayWait {
    let has_another = crate::threads() > 1;
    MayWait {
        for_the_library: has_another,
        for_python: has_another,
    }
}

/// The last thread is refused, and lets the others go on then.
#[runtime::test(serial, timeout = "60s")]
async fn all_threads_but_one_wait_at_once() {
    let threads = crate::threads();
    let (sender, mut outcomes) = mpsc::unbounded_channel();
    let (go_on, told) = watch::channel(false);
    for _ in 0..threads {
        let (sender, mut told) = (sender.clone(), told.clone());
        drop(runtime::spawn(async move {
            let waits = async move { Ok(told.wait_for(|told| *told).await.is_ok()) };
            let outcome = Python::attach(|py| runtime::block_on(py, waits));
            sender.send(outcome).unwrap();
        }));
    }
    let refused = outcomes.recv().await.unwrap().unwrap_err();
    assert_refused(&refused);
    go_on.send(true).unwrap();
    for _ in 1..threads {
        assert!(outcomes.recv().await.unwrap().unwrap());
    }
}

/// Runs the other tests of waits with other numbers of threads.
#[runtime::test]
fn as_many_wait_as_leave_a_thread() {
    for threads in ["1", "2", "3"] {
        let output = Command::new(env::current_exe().unwrap())
            .args(["waiting::", "waiting_threads::"])
            .args(["--skip", "as_many_wait_as_leave_a_thread"])
            .env("ASYNC_STD_THREAD_COUNT", threads)
            .env("SMOL_THREADS", threads)
            .output()
            .unwrap();
        let report = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "with {threads} threads: {report}");
        assert!(report.contains("test result: ok. 5 passed;"), "{report}");
    }
}
