//! Values that a test has for itself: pytest's fixtures of function scope.

use std::fmt;
use std::sync::Arc;

use libtest_async::__private::{CloseOwn, Open};
use pyo3::prelude::*;

use super::shared;
use super::shared::Error;

/// A value that each test which asks for it has for itself: an empty table, a user who is logged in, a Python object. pytest
/// calls it a fixture of function scope. [`Shared`](crate::testing::Shared) is one for all tests.
///
/// It lives in a `static`. `open` and `close` are async functions, of which neither needs to await anything.
///
/// ```no_run
/// use std::sync::Arc;
///
/// use pyo3::prelude::*;
/// use pyo3_aio::testing::{PerTest, Shared};
///
/// struct Pool;
/// struct Table(&'static Pool);
///
/// static POOL: Shared<Pool> = Shared::new(&connect);
/// static TABLE: PerTest<Table> = PerTest::new(&create).with_close(&remove);
///
/// async fn connect() -> PyResult<Pool> {
///     Ok(Pool)
/// }
///
/// async fn create() -> PyResult<Table> {
///     Ok(Table(POOL.get().await?))
/// }
///
/// async fn remove(_table: &Table) -> PyResult<()> {
///     Ok(())
/// }
///
/// # #[cfg(feature = "tokio-runtime")]
/// #[pyo3_aio::tokio::test]
/// async fn fills_its_table() -> PyResult<()> {
///     let _table: Arc<Table> = TABLE.get().await?;
///     Ok(())
/// }
///
/// pyo3_aio::testing::main!();
/// ```
///
/// The first call of [`get`](Self::get) in a test opens the value, as a part of that call: on the test's thread, by its
/// runtime, with its event loop, and what `open` prints, in Rust and in Python, belongs to the test. The threads and tasks of
/// the test get the value that the test has. If `open` fails or panics, every call in this test returns that error, and `open`
/// is not tried again; another attempt (`--retries`) has values of its own.
///
/// `open` may ask for other values, of this scope or a wider one. Values that ask for each other in a circle are an error,
/// which names the circle.
///
/// When the body of the test has returned, has panicked, or was dropped by a time-out or Ctrl-C, its values are closed in the
/// reverse order of their opening, on the test's thread, by its runtime, and with the event loop with which they were opened.
/// `--leak-check` looks after that. An error or a panic of `close` fails the test, and the other values are closed all the same.
///
/// Not closed are the values of a sync test that blocks when its time is over or the run ends, and those of a process that
/// crashes. A forked child closes nothing.
pub struct PerTest<T: 'static>(libtest_async::PerTest<T, Error>);

impl<T: Send + Sync + 'static> PerTest<T> {
    /// Creates a value that `open` opens: an async function without arguments that returns a `PyResult`, and whose future is
    /// `Send` and `'static`.
    #[track_caller]
    pub const fn new<F: Open<T, Error> + Sync>(open: &'static F) -> Self {
        Self(libtest_async::PerTest::new(open))
    }

    /// Has `close` called at the end of each test that has the value, with a reference to it: an async function that returns
    /// a `PyResult`. The value is dropped after that.
    #[must_use]
    pub const fn with_close<F: CloseOwn<T, Error> + Sync>(self, close: &'static F) -> Self {
        let mut own = self;
        own.0.set_close(close);
        own
    }

    /// Returns the current test's value, which the first call opens.
    ///
    /// If the future is dropped while it opens the value, the next call opens it.
    ///
    /// # Errors
    ///
    /// The error of `open`, for every caller in this test. A panic of `open` is a `RustPanic` with its text, and so is the
    /// error where no test asks, or one that has ended.
    pub async fn get(&'static self) -> PyResult<Arc<T>> {
        self.0.get().await.map_err(PyErr::from)
    }

    /// As [`get`](Self::get), for tests that are not async: blocks the thread meanwhile, detached from Python.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get); `RuntimeError` where an event loop runs on this thread, which `open` may need.
    pub fn get_blocking(&'static self) -> PyResult<Arc<T>> {
        shared::block(|| self.0.get_blocking())
    }
}

impl<T: 'static> fmt::Debug for PerTest<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
