//! The conversions on [tokio](https://docs.rs/tokio).
//!
//! The runtime is built when it is first needed, with one worker thread for each core and everything enabled, unless
//! [`init`] or one of its relatives was called before. It is never shut down.

mod in_runtime;
mod process_runtime;

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use ::tokio::runtime::RuntimeFlavor;
use ::tokio::task::{self, JoinError as TokioJoinError, JoinHandle};
use pyo3::IntoPyObject;
use pyo3::call::PyCallArgs;
use pyo3::prelude::*;

use crate::bridge::{spawned, spawned_blocking};
use crate::convert::into_future::PyFuture;
use crate::generic;
use crate::runtime::errors::would_wait_for_itself;
use crate::runtime::macros::{local_functions, runtime_context, runtime_functions};

use crate::runtime::{ContextExt, JoinError, LocalContextExt, Pointers, Runtime, SpawnLocalExt};
use crate::task_locals;
use crate::task_locals::TaskLocals;

#[cfg(feature = "attributes")]
pub use pyo3_aio_macros::tokio_main as main;
/// Makes an `async fn` a function of Python's, which runs on tokio.
///
/// ```
/// use pyo3::prelude::*;
///
/// #[pymodule]
/// mod timers {
///     use std::time::Duration;
///
///     use pyo3_aio::tokio::pyfunction;
///
///     /// Python: `await sleep(1.5)`, `asyncio.run(sleep())`.
///     #[pyfunction]
///     #[pyo3(signature = (seconds=1.0))]
///     async fn sleep(seconds: f64) -> f64 {
///         tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
///         seconds
///     }
/// }
/// ```
#[cfg(feature = "attributes")]
pub use pyo3_aio_macros::tokio_pyfunction as pyfunction;
/// Makes the `async fn`s of an `impl` block methods of Python's, which run on tokio.
///
/// ```
/// use pyo3::prelude::*;
///
/// #[pyclass(frozen)]
/// struct Client {
///     base: String,
/// }
///
/// #[pyo3_aio::tokio::pymethods]
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
pub use pyo3_aio_macros::tokio_pymethods as pymethods;
#[cfg(feature = "testing")]
pub use pyo3_aio_macros::tokio_test as test;
#[cfg(feature = "testing")]
pub use pyo3_aio_macros::tokio_test_generator as test_generator;

#[cfg(feature = "testing")]
pub use crate::testing::tokio as testing;

pub use crate::runtime::init_error::InitError;
pub use in_runtime::{in_context, in_runtime};
pub use process_runtime::{
    get_handle, get_runtime, init, init_current_thread, init_multi_thread, init_with_handle,
    init_with_runtime,
};

/// Names of tokio and std that pyo3-async-runtimes re-exports.
pub mod re_exports {
    pub use ::tokio::runtime;
    /// A future that is never ready.
    pub use std::future::pending;
}

/// tokio, as the type parameter of the functions of [`generic`].
#[derive(Debug)]
#[non_exhaustive]
pub struct Tokio;

/// Spawns a future on the runtime, with the current locals. [`generic::spawn`] says what happens when the interpreter
/// exits.
///
/// # Panics
///
/// When the runtime has to be built and the operating system gives it no threads.
pub fn spawn<F>(fut: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    get_handle().spawn(spawned(Pointers::<Tokio>::VTABLE, fut))
}

/// Calls a function on a thread of the runtime that may block, with the current locals. [`generic::spawn_blocking`] says what
/// the function finds there, and what happens when the interpreter exits.
///
/// # Panics
///
/// When the runtime has to be built and the operating system gives it no threads.
pub fn spawn_blocking<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    get_handle().spawn_blocking(spawned_blocking(f))
}

runtime_functions!(Tokio);
local_functions!(Tokio);
runtime_context!(Tokio);

impl JoinError for TokioJoinError {
    fn is_panic(&self) -> bool {
        Self::is_panic(self)
    }

    fn into_panic(self) -> Box<dyn std::any::Any + Send + 'static> {
        Self::into_panic(self)
    }
}

impl Runtime for Tokio {
    type JoinError = TokioJoinError;
    type JoinHandle = JoinHandle<()>;

    fn spawn<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + Send + 'static,
    {
        get_handle().spawn(fut)
    }

    fn spawn_blocking<F>(f: F) -> Self::JoinHandle
    where
        F: FnOnce() + Send + 'static,
    {
        get_handle().spawn_blocking(f)
    }

    fn enter(f: &mut dyn FnMut()) {
        let _entered = get_handle().enter();
        f();
    }

    fn ensure_alive() -> PyResult<()> {
        process_runtime::ensure_alive()
    }

    /// A future that a worker thread spawns or wakes waits in that worker's LIFO slot, from which no other worker takes
    /// it. So a loop that waits for it there waits for ever, unless another thread has taken over the worker.
    fn ensure_unblocked() -> PyResult<()> {
        if is_blocking_in_place() {
            return Ok(());
        }
        Err(would_wait_for_itself("tokio"))
    }

    fn block_in_place(f: &mut dyn FnMut()) -> PyResult<()> {
        if get_handle().runtime_flavor() == RuntimeFlavor::CurrentThread {
            return Err(would_wait_for_itself("tokio"));
        }
        task::block_in_place(f);
        Ok(())
    }
}

/// Whether another thread has taken over the worker of this one, which polls a task: within `block_in_place`.
///
/// tokio has no function that tells. `yield_now` leaves its waker to the worker to be woken later, except where this
/// thread is none: then it wakes it at once (tokio's `multi_thread::worker::Context::defer`). tokio before 1.42 leaves it
/// to the worker in either case, and loops are refused there (tokio's pull request 6999).
///
/// It is for code that runs an event loop of Python's within `block_in_place`, which is what tokio offers for code that
/// blocks: `pytests/waiting_on_tokio.rs`.
fn is_blocking_in_place() -> bool {
    let is_woken = Arc::new(IsWoken(AtomicBool::new(false)));
    let waker = Waker::from(Arc::clone(&is_woken));
    let polled = pin!(task::yield_now()).poll(&mut Context::from_waker(&waker));
    polled.is_ready() || is_woken.0.load(Ordering::Relaxed)
}

struct IsWoken(AtomicBool);

impl Wake for IsWoken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl SpawnLocalExt for Tokio {
    fn spawn_local<F>(fut: F) -> Self::JoinHandle
    where
        F: Future<Output = ()> + 'static,
    {
        ::tokio::task::spawn_local(fut)
    }
}
