//! The streams that are handed to Python, and what becomes of items that come from Python.

use futures_util::stream::{self, Stream, StreamExt};
use pyo3::prelude::*;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// How many items a channel holds, and how many items from Python are dropped at a time.
const BATCH: usize = 1_024;

/// Returns a stream whose items are ready.
pub(crate) fn ready(count: i64) -> impl Stream<Item = PyResult<i64>> + Send + Unpin + 'static {
    stream::iter((0..count).map(Ok))
}

/// Returns a stream of what a task of the runtime sends.
pub(crate) fn channel(
    runtime: &Runtime,
    count: i64,
) -> impl Stream<Item = PyResult<i64>> + Send + Unpin + 'static {
    let (sender, mut receiver) = mpsc::channel(BATCH);
    runtime.spawn(async move {
        for item in 0..count {
            if sender.send(Ok(item)).await.is_err() {
                return;
            }
        }
    });
    stream::poll_fn(move |cx| receiver.poll_recv(cx))
}

/// Counts the items of a stream of Python objects, and drops them in batches, for which it attaches to Python.
pub(crate) async fn count(stream: impl Stream<Item = Py<PyAny>>) -> usize {
    let mut batches = std::pin::pin!(stream.ready_chunks(BATCH));
    let mut count = 0;
    while let Some(batch) = batches.next().await {
        count += batch.len();
        Python::attach(|_py| drop(batch));
    }
    count
}
