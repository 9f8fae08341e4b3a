//! A scope that waits for what it has started: [`task_group`].

mod children;

use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::convert::into_future::PyFuture;
use crate::generic::task_group::children::{Child, Children};

/// Runs a body and the tasks that it adds to a [`TaskGroup`], and ends when all of them have: Rust's side of
/// `asyncio.TaskGroup`.
///
/// The body's output is that of the group. When the body or a task fails, the others are cancelled, their end is awaited, and
/// that error is the output. So no coroutine is left running, and each has run its `finally` blocks.
///
/// ```
/// # #[cfg(feature = "tokio-runtime")] mod example {
/// # use std::time::Duration;
/// use pyo3::exceptions::PyTimeoutError;
/// use pyo3::prelude::*;
/// use pyo3_aio::task_group;
/// use pyo3_aio::tokio::call;
///
/// /// Runs two coroutines for some time at most. Both have cleaned up when this returns.
/// async fn mirror(pull: Py<PyAny>, push: Py<PyAny>, limit: Duration) -> PyResult<()> {
///     task_group(|group| async move {
///         group.track(call::<Py<PyAny>>(&pull, ()).start()?)?;
///         group.track(call::<Py<PyAny>>(&push, ()).start()?)?;
///         group.spawn(async move {
///             tokio::time::sleep(limit).await;
///             Err(PyTimeoutError::new_err("out of time"))
///         })
///     })
///     .await
/// }
/// # }
/// ```
///
/// - **Where**: the body and the Rust futures are polled by the task that awaits the group, in turns; Python's tasks run on
///   their loop. The group needs no runtime.
/// - **Cancel**: of a failed group the body and the Rust futures are dropped, and the Python tasks are cancelled
///   ([`PyFuture::cancel`]). An error that such a task then ends with is reported to its loop's exception handler. A task
///   that fails with `asyncio.CancelledError` because somebody else has cancelled it does not fail the group, as in asyncio.
/// - **Time-out**: a time-out around the group would drop it. One inside, as in the example, or in the body, lets the group
///   wait for the coroutines.
/// - **Drop** of the group's future drops the body and the Rust futures, and cancels the Python tasks. A drop cannot wait for
///   their end.
/// - **Panic** of the body or a future unwinds through the group, which is dropped so.
///
/// # Errors
///
/// The first error of the body and of the tasks.
pub async fn task_group<F, T>(body: impl FnOnce(TaskGroup) -> F) -> PyResult<T>
where
    F: Future<Output = PyResult<T>>,
{
    let group = TaskGroup {
        shared: Arc::new(Mutex::new(Added {
            children: Some(Vec::new()),
            waker: None,
        })),
    };
    let ends = EndsGroup(group.clone());
    let mut children = Children::new();
    let output = {
        let future = pin!(body(group.clone()));
        let mut body = Body::Running(future);
        poll_fn(|cx| group.poll(cx, &mut body, &mut children)).await
    };
    // The body has been dropped. Tasks that it has added, and that were not polled, are children too.
    children.extend(ends.0.end());
    if output.is_err() {
        children.cancel();
        poll_fn(|cx| children.poll_ends(cx)).await;
    }
    output
}

/// Adds tasks to the group that [`task_group`] runs. Clones add to the same one.
#[derive(Clone)]
pub struct TaskGroup {
    shared: Arc<Mutex<Added>>,
}

/// The tasks that the group has not polled yet.
struct Added {
    /// `None` once the group has ended, or a task has failed.
    children: Option<Vec<Child>>,
    waker: Option<Waker>,
}

/// The body of a group.
enum Body<'a, F, T> {
    Running(Pin<&'a mut F>),
    /// The output, once the body has returned.
    Returned(Option<T>),
}

impl TaskGroup {
    /// Adds a Rust future, which is dropped when the group fails.
    ///
    /// # Errors
    ///
    /// `RuntimeError`: the group has ended, or has failed. The future is dropped then.
    pub fn spawn<F>(&self, future: F) -> PyResult<()>
    where
        F: Future<Output = PyResult<()>> + Send + 'static,
    {
        self.add(Child::Rust(Box::pin(future)))
    }

    /// Adds a Python awaitable that Rust has started with `into_future` or [`PyCall::start`](crate::PyCall::start). It is
    /// cancelled when the group fails. Its result is dropped.
    ///
    /// # Errors
    ///
    /// `RuntimeError`: the group has ended, or has failed. The future is dropped then, which cancels the Python task.
    pub fn track(&self, future: PyFuture) -> PyResult<()> {
        self.add(Child::Python(future))
    }

    fn add(&self, child: Child) -> PyResult<()> {
        let mut added = self.lock();
        let Some(children) = &mut added.children else {
            drop(added);
            return Err(PyRuntimeError::new_err(
                "the task group has ended: add tasks before its body returns, or from a task of the group",
            ));
        };
        children.push(child);
        let waker = added.waker.take();
        drop(added);
        if let Some(waker) = waker {
            waker.wake();
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Added> {
        // Only moves happen under this lock.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls the body and the children. Ready when all have returned, or one has failed.
    fn poll<F, T>(
        &self,
        cx: &mut Context<'_>,
        body: &mut Body<'_, F, T>,
        children: &mut Children,
    ) -> Poll<PyResult<T>>
    where
        F: Future<Output = PyResult<T>>,
    {
        if let Body::Running(future) = body {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                *body = Body::Returned(Some(output?));
            }
        }
        loop {
            children.extend(self.take_added(cx));
            children.poll(cx)?;
            match body {
                Body::Returned(output) if children.is_empty() => {
                    if self.end_if_empty() {
                        let output = output.take();
                        let output = output.expect("a group is not polled after it was ready");
                        return Poll::Ready(Ok(output));
                    }
                }
                // A task that is added from now on wakes the group.
                _ => return Poll::Pending,
            }
        }
    }

    /// Takes the tasks that were added, and has the next one wake the group.
    fn take_added(&self, cx: &Context<'_>) -> Vec<Child> {
        // A waker's clone and drop run a runtime's code.
        let waker = cx.waker().clone();
        let mut added = self.lock();
        let before = added.waker.replace(waker);
        let children = added.children.as_mut().map(std::mem::take);
        drop(added);
        drop(before);
        children.unwrap_or_default()
    }

    /// Refuses tasks from now on, unless one was added that has not been polled.
    fn end_if_empty(&self) -> bool {
        let mut added = self.lock();
        if added
            .children
            .as_ref()
            .is_some_and(|added| !added.is_empty())
        {
            return false;
        }
        added.children = None;
        true
    }

    /// Refuses tasks from now on; returns those that were not polled.
    fn end(&self) -> Vec<Child> {
        let mut added = self.lock();
        let children = added.children.take();
        let waker = added.waker.take();
        drop(added);
        drop(waker);
        children.unwrap_or_default()
    }
}

impl fmt::Debug for TaskGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup").finish_non_exhaustive()
    }
}

/// Ends a group whose future is dropped.
struct EndsGroup(TaskGroup);

impl Drop for EndsGroup {
    fn drop(&mut self) {
        drop(self.0.end());
    }
}
