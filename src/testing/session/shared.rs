//! Values that the tests of a process share: pytest's session fixtures.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libtest_async::__private::{Bind, Close, Open, SharedError};
use libtest_async::capture;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::err::RustPanic;
use crate::python::asyncio;
use crate::testing::python::traceback;
use crate::testing::runtimes::test_runtime;
use crate::{TaskLocals, task_locals};

/// A value that is made when the first test asks for it, shared by all tests, and closed after the last one: a connection
/// pool, a server, a Python object. pytest calls it a session fixture.
///
/// It lives in a `static`. `open` and `close` are async functions; tests get a reference.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use pyo3_aio::testing::Shared;
///
/// struct Pool;
///
/// static POOL: Shared<Pool> = Shared::new(&open).with_close(&close);
///
/// async fn open() -> PyResult<Pool> {
///     Ok(Pool)
/// }
///
/// async fn close(_pool: &Pool) -> PyResult<()> {
///     Ok(())
/// }
///
/// # #[cfg(feature = "tokio-runtime")]
/// #[pyo3_aio::tokio::test]
/// async fn asks_the_pool() -> PyResult<()> {
///     let _pool: &'static Pool = POOL.get().await?;
///     Ok(())
/// }
///
/// pyo3_aio::testing::main!();
/// ```
///
/// However many tests ask at once, `open` runs once. If it fails or panics then every test that asks fails with that
/// error, and it is not tried again. If no test asks, nothing is opened or closed. The values are closed in the reverse
/// order of their opening, before the `teardown` of [`main!`](crate::testing::main!), when the run is over. At that time a test
/// may still run: one that timed out, or that ran beside the failure which ended the run. So `close` takes a reference, and
/// the value is never dropped. An error or a panic of `close` is printed, and the exit code is 101. If a test blocks the event
/// loop, nothing is closed, and the exit code is 101, too. With `--isolate` each worker process has its own values.
///
/// The current event loop of both functions is the run's main one, also if the test that asks runs on another loop, so that
/// their tasks can run until the end of the run. `open` is polled by the library's own runtime, not by that of the test that
/// asks first: tasks that it spawns live as long as the process. The output of both belongs to no test and is not captured.
pub struct Shared<T: 'static>(libtest_async::Shared<T, Error>);

/// The error of an opening, which every test that asks for the value gets.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Error(Arc<PyErr>);

impl<T: Send + Sync + 'static> Shared<T> {
    /// Creates a value that `open` opens: an async function without arguments that returns a `PyResult`.
    ///
    /// Its future is `Send` and `'static`. It has no time limit of its own; the tests that wait for it may have. Values whose
    /// `open` functions wait for each other in a circle are an error, which names the circle.
    #[track_caller]
    pub const fn new<F: Open<T, Error> + Sync>(open: &'static F) -> Self {
        Self(libtest_async::Shared::new(open))
    }

    /// Has `close` called when the run is over, with a reference to the value: an async function that returns a `PyResult`.
    #[must_use]
    pub const fn with_close<F: Close<T, Error> + Sync>(self, close: &'static F) -> Self {
        let mut shared = self;
        shared.0.set_close(close);
        shared
    }

    /// Returns the value, which the first call opens.
    ///
    /// Dropping the future does not end the opening.
    ///
    /// # Errors
    ///
    /// The error of `open`, for every caller. A panic of `open` is a `RustPanic` with its text.
    pub async fn get(&'static self) -> PyResult<&'static T> {
        self.0.get().await.map_err(PyErr::from)
    }

    /// As [`get`](Self::get), for tests that are not async: blocks the thread meanwhile, detached from Python.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get); `RuntimeError` where an event loop runs on this thread, which `open` may need.
    pub fn get_blocking(&'static self) -> PyResult<&'static T> {
        block(|| self.0.get_blocking())
    }
}

/// Calls a function that blocks this thread, detached from Python, unless an event loop runs here.
pub(super) fn block<T: Send>(get: impl FnOnce() -> Result<T, Error> + Send) -> PyResult<T> {
    Python::attach(|py| {
        if asyncio::is_any_running_here(py)? {
            return Err(PyRuntimeError::new_err(
                "get_blocking() would block the event loop that runs on this thread: await get() instead",
            ));
        }
        py.detach(get).map_err(PyErr::from)
    })
}

impl<T: fmt::Debug + 'static> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<PyErr> for Error {
    fn from(error: PyErr) -> Self {
        Self(Arc::new(error))
    }
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        Python::attach(|py| error.0.clone_ref(py))
    }
}

impl SharedError for Error {
    fn from_text(text: String) -> Self {
        RustPanic::new_err(text).into()
    }

    fn describe(&self) -> String {
        Python::attach(|py| traceback::format_exception(py, &self.0))
    }

    fn bind() -> Bind {
        let locals = task_locals::polled();
        Box::new(|closing| match locals {
            Some(locals) => Box::pin(task_locals::scope(locals, closing)),
            None => closing,
        })
    }

    fn spawn(opening: Pin<Box<dyn Future<Output = ()> + Send>>) {
        IS_ANY_ASKED_FOR.store(true, Ordering::SeqCst);
        let locals = lock().clone();
        let opening = match locals {
            Some(locals) => Box::pin(task_locals::scope(locals, opening)),
            None => opening,
        };
        // Leaves the asking test's capture scope: what the opening prints belongs to no test.
        capture::Context::default().run(|| (test_runtime::default().spawn)(opening));
    }
}

/// The main loop of the run under way.
static MAIN_LOOP: Mutex<Option<TaskLocals>> = Mutex::new(None);

/// Whether an opening has been started in the run under way.
static IS_ANY_ASKED_FOR: AtomicBool = AtomicBool::new(false);

/// Says whether a test of the run under way has asked for a value, which may not be closed yet.
pub(crate) fn is_any_asked_for() -> bool {
    IS_ANY_ASKED_FOR.load(Ordering::SeqCst)
}

/// Sets the current loop of `open` and `close`, at the start and at the end of a run.
pub(crate) fn set_locals(locals: Option<TaskLocals>) {
    IS_ANY_ASKED_FOR.store(false, Ordering::SeqCst);
    let former = std::mem::replace(&mut *lock(), locals);
    drop(former);
}

fn lock() -> MutexGuard<'static, Option<TaskLocals>> {
    MAIN_LOOP.lock().unwrap_or_else(PoisonError::into_inner)
}
