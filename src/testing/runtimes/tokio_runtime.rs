//! The runtime of a test on tokio, as `#[tokio::test]` makes it.

use std::time::{Duration, Instant};

use libtest_async::TestFuture;
use tokio::runtime::{Builder, Runtime};

use super::tokio_settings::TokioSettings;

/// How long what a test has spawned may keep its runtime from ending.
const TIME_TO_END: Duration = Duration::from_secs(1);

/// Polls the future of a test, and ends the runtime: what the test has spawned is dropped then.
///
/// Returns whether all of it is. A task that is being polled, and what `spawn_blocking` runs, cannot
/// be dropped, only left behind.
pub(crate) fn block_on(settings: &TokioSettings, test: TestFuture) -> bool {
    let runtime = build(settings);
    runtime.block_on(test);
    let started = Instant::now();
    runtime.shutdown_timeout(TIME_TO_END);
    started.elapsed() < TIME_TO_END
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
