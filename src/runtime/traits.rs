//! What a runtime implements.

use std::any::{Any, TypeId};
use std::marker::PhantomData;
use std::pin::Pin;

use pyo3::IntoPyObject;
use pyo3::prelude::*;

use crate::bridge::{Driver, Job, RuntimeVtable, Unstarted};
use crate::panic::CaughtPanic;
use crate::task_locals::TaskLocals;

/// How a task of a runtime ended that did not finish.
pub trait JoinError {
    /// Whether it panicked.
    fn is_panic(&self) -> bool;

    /// Returns the payload of the panic.
    ///
    /// # Panics
    ///
    /// When it did not panic.
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
pub trait Runtime: Send + 'static {
    /// How a task ended that did not finish.
    type JoinError: JoinError + Send;
    /// Finishes when the task does. Dropping it must not end the task.
    type JoinHandle: Future<Output = Result<(), Self::JoinError>> + Send;

    /// Runs a future in a new task.
    fn spawn<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static;

    /// Runs a function on a thread that may block.
    fn spawn_blocking<F>(f: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static;

    /// Calls a function inside the runtime's context, as far as the runtime has one that its futures need.
    fn enter(f: &mut dyn FnMut()) {
        f();
    }

    /// Checks that the runtime has its threads; called before a future is spawned.
    ///
    /// # Errors
    ///
    /// In a forked child whose parent's runtime cannot be replaced: an error that says so.
    fn ensure_alive() -> PyResult<()> {
        Ok(())
    }

    /// Checks that the runtime polls other futures while an event loop runs within the poll of one; called on the thread
    /// of both, before a future is spawned there.
    ///
    /// # Errors
    ///
    /// Where it does not, and what the loop waits for would never come: an error that says so.
    fn ensure_unblocked() -> PyResult<()> {
        Ok(())
    }

    /// Calls a function that waits for futures of the runtime, on a thread that polls one of them.
    ///
    /// # Errors
    ///
    /// Where the runtime has no other thread for them: an error that says so. The function is not called then.
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
    pub(crate) fn hold<F, T>(fut: F) -> Unstarted
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        Unstarted::new(Job::boxed(fut), Self::VTABLE)
    }
}
