//! The conversions on [async-std](https://docs.rs/async-std).

use std::pin::Pin;

use ::async_std::task::{self, JoinHandle};
use pyo3::IntoPyObject;
use pyo3::call::PyCallArgs;
use pyo3::prelude::*;

use crate::bridge::{spawned, spawned_blocking};
use crate::convert::into_future::PyFuture;
use crate::generic;
use crate::panic::{CaughtPanic, catch, catch_call};
use crate::runtime::errors::would_wait_for_itself;
use crate::runtime::macros::{local_functions, runtime_context, runtime_functions};
use crate::runtime::reactor_process::REACTOR_PROCESS;
use crate::runtime::{ContextExt, LocalContextExt, Pointers, Runtime, SpawnLocalExt};
use crate::task_locals;
use crate::task_locals::TaskLocals;

#[cfg(feature = "attributes")]
pub use pyo3_aio_macros::async_std_main as main;
/// Makes an `async fn` a function of Python's, which runs on async-std.
///
/// ```
/// use pyo3::prelude::*;
///
/// #[pymodule]
/// mod timers {
///     use std::time::Duration;
///
///     use pyo3_aio::async_std::pyfunction;
///
///     /// Python: `await sleep(1.5)`, `asyncio.run(sleep())`.
///     #[pyfunction]
///     #[pyo3(signature = (seconds=1.0))]
///     async fn sleep(seconds: f64) -> f64 {
///         async_std::task::sleep(Duration::from_secs_f64(seconds)).await;
///         seconds
///     }
/// }
/// ```
#[cfg(feature = "attributes")]
pub use pyo3_aio_macros::async_std_pyfunction as pyfunction;
/// Makes the `async fn`s of an `impl` block methods of Python's, which run on async-std.
///
/// ```
/// use pyo3::prelude::*;
///
/// #[pyclass(frozen)]
/// struct Client {
///     base: String,
/// }
///
/// #[pyo3_aio::async_std::pymethods]
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
pub use pyo3_aio_macros::async_std_pymethods as pymethods;
#[cfg(feature = "testing")]
pub use pyo3_aio_macros::async_std_test as test;
#[cfg(feature = "testing")]
pub use pyo3_aio_macros::async_std_test_generator as test_generator;

#[cfg(feature = "testing")]
pub use crate::testing::async_std as testing;

/// Names of async-std that pyo3-async-runtimes re-exports.
pub mod re_exports {
    pub use ::async_std::task::spawn_blocking;
}

/// async-std, as the type parameter of the functions of [`generic`].
#[derive(Debug)]
#[non_exhaustive]
pub struct AsyncStd;

/// Spawns a future on the runtime, with the current locals. [`generic::spawn`] says what happens when the interpreter
/// exits.
pub fn spawn<F>(fut: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    task::spawn(spawned(Pointers::<AsyncStd>::VTABLE, fut))
}

/// Calls a function on a thread of the runtime that may block, with the current locals. [`generic::spawn_blocking`] says what
/// the function finds there, and what happens when the interpreter exits.
pub fn spawn_blocking<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    task::spawn_blocking(spawned_blocking(f))
}

runtime_functions!(AsyncStd);
local_functions!(AsyncStd);
runtime_context!(AsyncStd);

impl Runtime for AsyncStd {
    type JoinError = CaughtPanic;
    type JoinHandle = JoinHandle<Result<(), CaughtPanic>>;

    fn spawn<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        REACTOR_PROCESS.note_use();
        task::spawn(catch(fut))
    }

    fn spawn_blocking<F>(f: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static,
    {
        task::spawn_blocking(|| catch_call(f))
    }

    fn ensure_alive() -> PyResult<()> {
        REACTOR_PROCESS.ensure_not_forked("async-std")
    }

    /// The runtime has a fixed number of threads, and starts no other in the place of one that waits.
    fn ensure_unblocked() -> PyResult<()> {
        Err(would_wait_for_itself("async-std"))
    }
}

impl SpawnLocalExt for AsyncStd {
    fn spawn_local<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + 'static,
    {
        task::spawn_local(catch(fut))
    }
}
