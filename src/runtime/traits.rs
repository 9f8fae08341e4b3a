//! The traits that a runtime implements, and the function pointers through which the bridge uses it.

use std::any::{Any, TypeId};
use std::marker::PhantomData;
use std::pin::Pin;

use pyo3::IntoPyObject;
use pyo3::prelude::*;

use crate::bridge::{Driver, Job, RuntimeVtable, Unstarted};
use crate::panic::CaughtPanic;
use crate::task_locals::TaskLocals;

/// The error of a task that ended before its future was done.
pub trait JoinError {
    /// Whether the task panicked, rather than being cancelled.
    fn is_panic(&self) -> bool;

    /// Returns the payload of the panic.
    ///
    /// # Panics
    ///
    /// When the task did not panic.
    fn into_panic(self) -> Box<dyn Any + Send + 'static>;
}

impl JoinError for CaughtPanic {
    fn is_panic(&self) -> bool {
        true
    }

    fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        self.into_payload()
    }
}

/// A runtime that can run Rust futures.
///
/// An implementation for pyo3-async-runtimes compiles unchanged. The functions with a body are for runtimes that have a
/// context, whose threads do not survive a fork, or that know whether a thread may block.
pub trait Runtime: Send + 'static {
    /// The error of a task that ended before its future was done.
    type JoinError: JoinError + Send;
    /// The handle of a task, which is ready when the task has ended. Dropping it must not end the task.
    type JoinHandle: Future<Output = Result<(), Self::JoinError>> + Send;

    /// Runs a future in a new task.
    fn spawn<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static;

    /// Runs a function on a thread that may block.
    fn spawn_blocking<F>(f: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static;

    /// Calls a function inside the runtime's context (tokio's `Handle::enter`), if its futures need one.
    ///
    /// Coroutines are first polled on the thread that awaits them, and futures that no runtime has polled yet are dropped
    /// on any thread: both happen inside this function. It must call `f` once, on this thread.
    fn enter(f: &mut dyn FnMut()) {
        f();
    }

    /// Checks that the runtime has its threads in this process. Called before a future is spawned.
    ///
    /// # Errors
    ///
    /// `RuntimeError` in a forked child, if the runtime of the parent cannot be replaced.
    fn ensure_alive() -> PyResult<()> {
        Ok(())
    }

    /// Checks that the runtime polls other futures while this thread, which polls one, runs an event loop. Called when
    /// that loop awaits a future of the runtime.
    ///
    /// # Errors
    ///
    /// `RuntimeError` where the future might not be polled, and the loop would wait for ever.
    fn ensure_unblocked() -> PyResult<()> {
        Ok(())
    }

    /// Calls a function that waits for futures of the runtime, on a thread that polls one of them: tokio's
    /// `block_in_place`. It must call `f` once, on this thread.
    ///
    /// # Errors
    ///
    /// `RuntimeError` where no other thread would poll them. The function has not been called then.
    fn block_in_place(f: &mut dyn FnMut()) -> PyResult<()> {
        Self::ensure_unblocked()?;
        f();
        Ok(())
    }
}

/// A runtime that can run futures which are not `Send`.
pub trait SpawnLocalExt: Runtime {
    /// Runs a future in a new task on this thread.
    fn spawn_local<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + 'static;
}

/// A runtime that keeps [`TaskLocals`] with its tasks.
pub trait ContextExt: Runtime {
    /// Runs a future with these locals.
    fn scope<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static;

    /// Returns the locals of the current task.
    fn get_task_locals() -> Option<TaskLocals>;
}

/// A runtime that keeps [`TaskLocals`] with futures which are not `Send`.
pub trait LocalContextExt: Runtime {
    /// Runs a future with these locals.
    fn scope_local<F, R>(locals: TaskLocals, fut: F) -> Pin<Box<dyn Future<Output = R>>>
    where
        F: Future<Output = R> + 'static;
}

/// The function pointers through which the bridge uses a runtime.
pub(crate) struct Pointers<R>(PhantomData<R>);

impl<R: Runtime> Pointers<R> {
    pub(crate) const VTABLE: &'static RuntimeVtable = &RuntimeVtable {
        spawn: |driver: Driver| drop(R::spawn(driver)),
        enter: R::enter,
        ensure_alive: R::ensure_alive,
        ensure_unblocked: R::ensure_unblocked,
        runtime: TypeId::of::<R>,
    };

    /// Takes ownership of a future for its conversion, before anything can fail: an error drops it inside the runtime's
    /// context and detached from Python.
    pub(crate) fn unstarted<F, T>(fut: F) -> Unstarted
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        Unstarted::new(Job::boxed(fut), Self::VTABLE)
    }
}
