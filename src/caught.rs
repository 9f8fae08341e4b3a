//! Panics of futures and functions, caught.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use crate::generic::JoinError;

/// A task panicked.
pub struct TaskPanicked(Box<dyn Any + Send + 'static>);

impl fmt::Debug for TaskPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskPanicked")
    }
}

impl TaskPanicked {
    pub(crate) fn into_payload(self) -> Box<dyn Any + Send + 'static> {
        self.0
    }
}

impl JoinError for TaskPanicked {
    fn is_panic(&self) -> bool {
        true
    }

    fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        self.0
    }
}

/// Runs a future, and returns its panic as an error.
pub(crate) async fn catch<F: Future>(future: F) -> Result<F::Output, TaskPanicked> {
    let mut future = pin!(future);
    std::future::poll_fn(move |cx| {
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(TaskPanicked(payload))),
        }
    })
    .await
}

/// Calls a function, and returns its panic as an error.
#[cfg(any(feature = "async-std-runtime", feature = "smol-runtime"))]
pub(crate) fn catch_call<T>(function: impl FnOnce() -> T) -> Result<T, TaskPanicked> {
    catch_unwind(AssertUnwindSafe(function)).map_err(TaskPanicked)
}
