//! The tasks of a group, of which each is polled when its own waker was called.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use pyo3::prelude::*;
use slab::Slab;

use crate::convert::into_future::PyFuture;
use crate::python::asyncio;

/// A task of a group.
pub(crate) enum Child {
    Rust(Pin<Box<dyn Future<Output = PyResult<()>> + Send>>),
    Python(PyFuture),
}

impl Child {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<PyResult<()>> {
        match self {
            Self::Rust(future) => future.as_mut().poll(cx),
            Self::Python(future) => future.poll_end(cx).map(|()| match future.take_error() {
                Some(error) => Err(error),
                // Its result stays in the future, and is dropped on the loop's thread.
                None => Ok(()),
            }),
        }
    }
}

/// The tasks that have not ended.
pub(crate) struct Children {
    children: Slab<(Child, Arc<ChildWaker>)>,
    ready: Arc<ReadyChildren>,
}

impl Children {
    pub(crate) fn new() -> Self {
        Self {
            children: Slab::new(),
            ready: Arc::default(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.children.is_empty()
    }

    /// Adds tasks, which are polled next.
    pub(crate) fn extend(&mut self, added: Vec<Child>) {
        for child in added {
            let entry = self.children.vacant_entry();
            let waker = ChildWaker {
                key: entry.key(),
                is_ready: AtomicBool::new(true),
                ready: Arc::clone(&self.ready),
            };
            self.ready.lock().keys.push(entry.key());
            entry.insert((child, Arc::new(waker)));
        }
    }

    /// Polls the tasks that are ready, and takes out those that have ended.
    ///
    /// # Errors
    ///
    /// The first error of a task. A cancellation is none.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> PyResult<()> {
        for key in self.ready.take(cx.waker()) {
            let ended = self.poll_child(key, Child::poll);
            if let Some(failure) = ended.and_then(Result::err).and_then(failure) {
                return Err(failure);
            }
        }
        Ok(())
    }

    /// Drops the Rust futures, and asks the Python tasks to cancel.
    pub(crate) fn cancel(&mut self) {
        let all = std::mem::take(&mut self.children);
        let python = all.into_iter().map(|(_, (child, _))| child);
        let python = python.filter(|child| match child {
            Child::Rust(_) => false,
            Child::Python(future) => {
                future.cancel();
                true
            }
        });
        self.extend(python.collect());
    }

    /// Waits until the tasks have ended. Their errors stay in the futures, whose drop reports them to the loop.
    pub(crate) fn poll_ends(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        for key in self.ready.take(cx.waker()) {
            self.poll_child(key, |child, cx| match child {
                Child::Rust(_) => Poll::Ready(()),
                Child::Python(future) => future.poll_end(cx),
            });
        }
        if self.children.is_empty() {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// Polls the task with this key, if there is one, and drops it when it is ready.
    fn poll_child<T>(
        &mut self,
        key: usize,
        poll: impl FnOnce(&mut Child, &mut Context<'_>) -> Poll<T>,
    ) -> Option<T> {
        let (child, child_waker) = self.children.get_mut(key)?;
        child_waker.is_ready.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(child_waker));
        let Poll::Ready(output) = poll(child, &mut Context::from_waker(&waker)) else {
            return None;
        };
        drop(self.children.remove(key));
        Some(output)
    }
}

/// Returns the error of a task, unless it is a cancellation. This attaches to Python.
fn failure(error: PyErr) -> Option<PyErr> {
    let mut error = Some(error);
    Python::try_attach(|py| {
        let class = asyncio::cancelled_error(py);
        let is_cancelled =
            |error: &PyErr| class.is_ok_and(|class| error.matches(py, class).unwrap_or(false));
        drop(error.take_if(|error| is_cancelled(error)));
    });
    error
}

/// The keys of the tasks to poll next, and the waker of the group.
#[derive(Default)]
struct ReadyChildren(Mutex<Ready>);

#[derive(Default)]
struct Ready {
    keys: Vec<usize>,
    waker: Option<Waker>,
}

impl ReadyChildren {
    /// Takes the keys, and has the next one wake the group.
    fn take(&self, waker: &Waker) -> Vec<usize> {
        // A waker's clone and drop run a runtime's code.
        let waker = waker.clone();
        let mut ready = self.lock();
        let before = ready.waker.replace(waker);
        let keys = std::mem::take(&mut ready.keys);
        drop(ready);
        drop(before);
        keys
    }

    fn lock(&self) -> MutexGuard<'_, Ready> {
        // Only moves happen under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The waker of one task. The slot of a task that has ended may be another's, which is then polled once too often.
struct ChildWaker {
    key: usize,
    /// The key waits among the ready ones.
    is_ready: AtomicBool,
    ready: Arc<ReadyChildren>,
}

impl Wake for ChildWaker {
    fn wake(self: Arc<Self>) {
        if self.is_ready.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut ready = self.ready.lock();
        ready.keys.push(self.key);
        let waker = ready.waker.take();
        drop(ready);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
