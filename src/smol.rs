//! The conversions on [smol](https://docs.rs/smol).

use std::pin::Pin;
use std::task::{Context, Poll};

use ::smol::Task;
use pyo3::IntoPyObject;
use pyo3::call::PyCallArgs;
use pyo3::prelude::*;

use crate::bridge::{spawned, spawned_blocking};
use crate::convert::into_future::PyFuture;
use crate::generic;
use crate::panic::{CaughtPanic, catch, catch_call};
use crate::runtime::errors::would_wait_for_itself;
use crate::runtime::macros::{runtime_context, runtime_functions};
use crate::runtime::reactor_process::REACTOR_PROCESS;
use crate::runtime::{ContextExt, LocalContextExt, Pointers, Runtime};
use crate::task_locals;
use crate::task_locals::TaskLocals;

#[cfg(feature = "attributes")]
pub use pyo3_aio_macros::smol_main as main;
/// Makes an `async fn` a function of Python's, which runs on smol.
///
/// ```
/// use pyo3::prelude::*;
///
/// #[pymodule]
/// mod timers {
///     use std::time::Duration;
///
///     use pyo3_aio::smol::pyfunction;
///
///     /// Python: `await sleep(1.5)`, `asyncio.run(sleep())`.
///     #[pyfunction]
///     #[pyo3(signature = (seconds=1.0))]
///     async fn sleep(seconds: f64) -> f64 {
///         smol::Timer::after(Duration::from_secs_f64(seconds)).await;
///         seconds
///     }
/// }
/// ```
#[cfg(feature = "attributes")]
pub use pyo3_aio_macros::smol_pyfunction as pyfunction;
/// Makes the `async fn`s of an `impl` block methods of Python's, which run on smol.
///
/// ```
/// use pyo3::prelude::*;
///
/// #[pyclass(frozen)]
/// struct Client {
///     base: String,
/// }
///
/// #[pyo3_aio::smol::pymethods]
/// impl Client {
///     #[new]
///     fn new(base: String) -> Self {
///         Self { base }
///     }
///
///     /// Python: `await client.get("index.html")`.
///     async fn get(&self, path: String) -> PyResult<String> {
///         Ok(format!("{}/{path}", self.base))
///     }
///
///     async fn __aenter__(slf: Py<Self>) -> Py<Self> {
///         slf
///     }
///
///     async fn __aexit__(&self, _kind: Py<PyAny>, _error: Py<PyAny>, _traceback: Py<PyAny>) {}
/// }
/// ```
#[cfg(feature = "attributes")]
pub use pyo3_aio_macros::smol_pymethods as pymethods;
#[cfg(feature = "testing")]
pub use pyo3_aio_macros::smol_test as test;
#[cfg(feature = "testing")]
pub use pyo3_aio_macros::smol_test_generator as test_generator;

#[cfg(feature = "testing")]
pub use crate::testing::smol as testing;

/// smol's global executor, as the type parameter of the functions of [`generic`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Smol;

/// The handle of a task that [`spawn`] has started: a future that is ready when the task has ended. Dropping it lets the
/// task run on, unlike dropping a `smol::Task`. Where the task panicked, polling the handle panics.
#[derive(Debug)]
pub struct JoinHandle<T>(Option<Task<T>>);

impl<T> JoinHandle<T> {
    fn new(task: Task<T>) -> Self {
        Self(Some(task))
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = T;

    /// # Panics
    ///
    /// When it is polled after it was ready.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        let task = self
            .0
            .as_mut()
            .expect("the task is there until the handle is dropped");
        Pin::new(task).poll(cx)
    }
}

impl<T> Drop for JoinHandle<T> {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.detach();
        }
    }
}

/// Spawns a future on the runtime, with the current locals. [`generic::spawn`] says what happens when the interpreter
/// exits.
pub fn spawn<F>(fut: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    JoinHandle::new(::smol::spawn(spawned(Pointers::<Smol>::VTABLE, fut)))
}

/// Calls a function on a thread of the runtime that may block, with the current locals. [`generic::spawn_blocking`] says what
/// the function finds there, and what happens when the interpreter exits.
pub fn spawn_blocking<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    JoinHandle::new(::smol::unblock(spawned_blocking(f)))
}

runtime_functions!(Smol);
runtime_context!(Smol);

impl Runtime for Smol {
    type JoinError = CaughtPanic;
    type JoinHandle = JoinHandle<Result<(), CaughtPanic>>;

    fn spawn<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        REACTOR_PROCESS.note_use();
        JoinHandle::new(::smol::spawn(catch(fut)))
    }

    fn spawn_blocking<F>(f: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static,
    {
        JoinHandle::new(::smol::unblock(|| catch_call(f)))
    }

    fn ensure_alive() -> PyResult<()> {
        REACTOR_PROCESS.ensure_not_forked("smol")
    }

    /// The runtime has a fixed number of threads, and starts no other in the place of one that waits.
    fn ensure_unblocked() -> PyResult<()> {
        Err(would_wait_for_itself("smol"))
    }
}
