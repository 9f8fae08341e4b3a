//! The tokio runtime of a test, built as `#[tokio::test]` builds it.

use std::time::{Duration, Instant};

use libtest_async::TestFuture;
use tokio::runtime::{Builder, Runtime};

use super::tokio_settings::TokioSettings;

/// Time limit of the shutdown of the runtime: a task that a test has spawned may block it.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(1);

/// Polls the future of a test on this thread, and shuts the runtime down, which drops the tasks that the test has spawned.
///
/// Says whether all of them were dropped. A task that is being polled, and a function that `spawn_blocking` runs, cannot be
/// dropped and are left behind (`Runtime::shutdown_timeout`).
pub(crate) fn block_on(settings: &TokioSettings, test: TestFuture) -> bool {
    let runtime = build(settings);
    runtime.block_on(test);
    let started = Instant::now();
    runtime.shutdown_timeout(SHUTDOWN_LIMIT);
    started.elapsed() < SHUTDOWN_LIMIT
}

fn build(settings: &TokioSettings) -> Runtime {
    let mut builder = match settings.is_multi_thread {
        true => Builder::new_multi_thread(),
        false => Builder::new_current_thread(),
    };
    if let Some(count) = settings.worker_threads {
        builder.worker_threads(count);
    }
    let runtime = builder
        .enable_all()
        .start_paused(settings.starts_paused)
        .build();
    runtime.unwrap_or_else(|error| panic!("no runtime could be made for the test: {error}"))
}
