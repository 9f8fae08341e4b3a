//! The streams' tests, for the `runtime` of the crate that they are part of.

mod generators;
mod given_up;
mod on_loops;
mod to_python;
mod to_rust;

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_core::Stream;
use pyo3::prelude::*;

use crate::fixtures::drops::DropGuard;

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
