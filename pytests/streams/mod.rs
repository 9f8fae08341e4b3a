//! The streams' tests, written once over the runtime.

pub(crate) mod generators;
#[macro_use]
pub(crate) mod given_up;
#[macro_use]
pub(crate) mod on_loops;
#[macro_use]
pub(crate) mod to_python;
#[macro_use]
pub(crate) mod to_rust;

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use pyo3::prelude::*;

/// Counts how many of its guards have been dropped.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<(Mutex<usize>, Condvar)>);

impl Drops {
    pub(crate) fn count(&self) -> usize {
        *self.0.0.lock().unwrap()
    }

    /// Waits, detached from Python, until there were so many.
    pub(crate) fn wait_for(&self, py: Python<'_>, count: usize) {
        let (drops, changed) = &*self.0;
        py.detach(|| {
            let limit = Duration::from_secs(10);
            let waited =
                changed.wait_timeout_while(drops.lock().unwrap(), limit, |drops| *drops < count);
            assert_eq!(*waited.unwrap().0, count);
        });
    }

    pub(crate) fn guard(&self) -> DropGuard {
        DropGuard(self.clone())
    }
}

pub(crate) struct DropGuard(Drops);

impl Drop for DropGuard {
    fn drop(&mut self) {
        let (drops, changed) = &*self.0.0;
        *drops.lock().unwrap() += 1;
        changed.notify_all();
    }
}

/// A stream that calls a function whenever it is polled, and counts that.
pub(crate) struct FromFn<F> {
    pub(crate) next: F,
    pub(crate) polls: Arc<AtomicUsize>,
    pub(crate) guard: Option<DropGuard>,
}

impl<F> FromFn<F> {
    pub(crate) fn new(next: F) -> Self {
        Self {
            next,
            polls: Arc::default(),
            guard: None,
        }
    }
}

impl<F, T> Stream for FromFn<F>
where
    F: FnMut(&mut Context<'_>) -> Poll<Option<PyResult<T>>> + Unpin,
{
    type Item = PyResult<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.polls.fetch_add(1, Ordering::SeqCst);
        (self.next)(cx)
    }
}

/// The numbers below `end`, ready at once.
pub(crate) fn numbers(
    end: usize,
) -> FromFn<impl FnMut(&mut Context<'_>) -> Poll<Option<PyResult<usize>>> + Send + Unpin + 'static>
{
    let mut numbers = 0..end;
    FromFn::new(move |_: &mut Context<'_>| Poll::Ready(numbers.next().map(Ok)))
}

/// The next item of a stream.
pub(crate) async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// Every item of a stream.
pub(crate) async fn all<S: Stream>(stream: S) -> Vec<S::Item> {
    let mut stream = Box::pin(stream);
    let mut items = Vec::new();
    while let Some(item) = next(&mut stream).await {
        items.push(item);
    }
    items
}
