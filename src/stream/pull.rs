//! A poll of the Rust stream of a generator, on its runtime.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use pyo3::prelude::*;

use super::custody::Custody;
use super::source::Source;
use crate::bridge::Work;
use crate::caught::catch_call;

/// A poll of the stream on its runtime. Its output is None: the item is waiting in the stream that it brings back, and a
/// panic in the custody, also where the poll was given up.
pub(super) struct Pull {
    custody: Arc<Custody>,
    source: Option<Box<dyn Source>>,
}

impl Pull {
    /// Without a stream it waits for the one that is away.
    pub(super) fn boxed(
        custody: Arc<Custody>,
        source: Option<Box<dyn Source>>,
    ) -> Pin<Box<dyn Work>> {
        custody.polled_here();
        Box::pin(Self { custody, source })
    }
}

impl Work for Pull {
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.source.is_none() {
            self.source = ready!(self.custody.poll_take(cx));
        }
        let Some(source) = &mut self.source else {
            return Poll::Ready(());
        };
        match catch_call(|| source.poll_next(cx)) {
            Ok(poll) => poll,
            Err(panic) => {
                let source = self.source.take();
                self.custody.break_off(source, panic);
                Poll::Ready(())
            }
        }
    }

    /// Nothing is lost when it is given up instead: see [`Custody::bring_back`].
    fn is_ready(&self) -> bool {
        false
    }

    fn output(mut self: Pin<&mut Self>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        if let Some(source) = self.source.take() {
            let custody = &self.custody;
            if let Some(closed) = custody.bring_back(source) {
                py.detach(|| custody.drop_inside(closed));
            }
        }
        Ok(py.None())
    }
}

impl Drop for Pull {
    fn drop(&mut self) {
        if let Some(source) = self.source.take() {
            // Works are dropped detached from Python.
            if let Some(closed) = self.custody.bring_back(source) {
                self.custody.drop_inside(closed);
            }
        }
    }
}
