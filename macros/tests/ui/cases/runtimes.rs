//! The arguments that choose a runtime are those of tokio, with its errors.

#[pyo3_aio::tokio::test(flavor = "threaded")] //~ No such runtime flavor `threaded`
async fn unknown_flavor() {}

#[pyo3_aio::tokio::test(
    worker_threads = 2, //~ The `worker_threads` option requires the `multi_thread` runtime flavor
)]
async fn workers_of_one_thread() {}

#[pyo3_aio::tokio::test(
    flavor = "multi_thread",
    worker_threads = 0, //~ `worker_threads` may not be 0
)]
async fn no_workers() {}

#[pyo3_aio::tokio::test(
    flavor = "multi_thread",
    start_paused = true, //~ The `start_paused` option requires the `current_thread` runtime flavor
)]
async fn paused_threads() {}

#[pyo3_aio::tokio::test(flavor = "multi_thread")] //~ `flavor` is for async tests
fn lacks_async() {}

#[pyo3_aio::smol::test(flavor = "multi_thread")] //~ unknown argument `flavor`
async fn of_another_runtime() {}

fn main() {}
