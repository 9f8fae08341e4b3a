//! What a runtime polls.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::bridge::task::task::Task;

/// A task, until it has been delivered.
pub(crate) struct Driver {
    task: Arc<Task>,
    done: bool,
}

impl Driver {
    pub(crate) fn new(task: Arc<Task>) -> Self {
        Self { task, done: false }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.done {
            self.done = self.task.advance(cx);
        }
        if self.done {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if !self.done {
            self.task.refuse();
        }
    }
}
