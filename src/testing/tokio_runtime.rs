//! The runtime of a test on tokio, as `#[tokio::test]` makes it.

use std::time::{Duration, Instant};

use libtest_async::{TestFuture, capture};
use tokio::runtime::{Builder, Runtime};

use super::settings::{Settings, TokioSettings};

/// How long what a test has spawned may keep its runtime from ending.
const TIME_TO_END: Duration = Duration::from_secs(1);

/// Polls the future of a test, and ends the runtime: what the test has spawned is dropped then.
pub(super) fn block_on(settings: &Settings, test: TestFuture) {
    let runtime = build(&settings.tokio);
    runtime.block_on(test);
    end(runtime);
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

/// Ends the runtime. A task that is being polled, and what `spawn_blocking` runs, cannot be dropped,
/// only left behind.
fn end(runtime: Runtime) {
    let started = Instant::now();
    runtime.shutdown_timeout(TIME_TO_END);
    if started.elapsed() < TIME_TO_END {
        return;
    }
    let test = capture::Context::current();
    let name = test.test_name().unwrap_or_default();
    let note = format!(
        "note: {name} has left a task behind that keeps a thread of its runtime for more than {TIME_TO_END:?}\n"
    );
    // The output of a test that passes is not shown, and what runs on may disturb others.
    capture::Context::default().print(note.as_bytes());
}
