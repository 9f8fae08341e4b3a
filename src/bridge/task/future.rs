//! The future that a runtime polls.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::bridge::lifecycle::in_flight;

/// A task, as far as a runtime polls it.
pub(crate) trait Drive: Send + Sync {
    /// Polls the task's future, or ends it.
    fn advance(&self, cx: &mut Context<'_>) -> Poll<Progress>;

    /// Hands the task, which has finished, to its loop.
    fn push(self: Arc<Self>);

    /// The runtime has dropped the driver before it was over.
    fn lose_driver(self: Arc<Self>);
}

/// How far a task is that needs no more polls.
pub(crate) enum Progress {
    /// Its output, or the reason why it has none, is to be delivered.
    Finished,
    /// Somebody else has ended it.
    Over,
}

/// Polls a task on a runtime until it has finished.
///
/// Whenever it runs a user's code, dropping included, that counts as polling, so that an exit waits for it.
pub(crate) struct Driver {
    /// `None` once it is over.
    task: Option<Arc<dyn Drive>>,
}

impl Driver {
    pub(crate) fn new(task: Arc<dyn Drive>) -> Self {
        Self { task: Some(task) }
    }
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _polling = in_flight::enter();
        let Some(task) = &self.task else {
            return Poll::Ready(());
        };
        let Poll::Ready(progress) = task.advance(cx) else {
            return Poll::Pending;
        };
        let task = self.task.take();
        if let (Progress::Finished, Some(task)) = (progress, task) {
            task.push();
        }
        Poll::Ready(())
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            // A fork waits, and does not catch the lock of the task's state.
            let _polling = in_flight::enter();
            task.lose_driver();
        }
    }
}
