//! Values that the tests of a module share: pytest's fixtures of module scope.

use std::fmt;

use libtest_async::__private::{Close, Open};
use pyo3::prelude::*;

use super::shared;
use super::shared::Error;

/// A value that is made when the first test of a module asks for it, and shared by all tests of that module: each module has
/// its own. pytest calls it a fixture of module scope.
///
/// The module of a test is its name up to the last `::`, so `a::b` for `a::b::adds`, and not `a`.
///
/// ```no_run
/// use pyo3::prelude::*;
/// use pyo3_aio::testing::PerModule;
///
/// struct Server;
///
/// static SERVER: PerModule<Server> = PerModule::new(&start).with_close(&stop);
///
/// async fn start() -> PyResult<Server> {
///     Ok(Server)
/// }
///
/// async fn stop(_server: &Server) -> PyResult<()> {
///     Ok(())
/// }
///
/// # #[cfg(feature = "tokio-runtime")]
/// #[pyo3_aio::tokio::test]
/// async fn logs_in() -> PyResult<()> {
///     let _server: &'static Server = SERVER.get().await?;
///     Ok(())
/// }
///
/// pyo3_aio::testing::main!();
/// ```
///
/// Everything else is as with [`Shared`](crate::testing::Shared): the event loop and the runtime of `open` and `close`, their
/// output, errors, and the closing at the end of the run. It is not closed before that, since tests of many modules run at once,
/// in any order with `--shuffle`, and one that has timed out may use it still.
///
/// Who asks is a test, or the `open` of another value of a test or of a module: that of a `Shared` gets an error.
pub struct PerModule<T: 'static>(libtest_async::PerModule<T, Error>);

impl<T: Send + Sync + 'static> PerModule<T> {
    /// Creates a value that `open` opens: see [`Shared::new`](crate::testing::Shared::new).
    #[track_caller]
    pub const fn new<F: Open<T, Error> + Sync>(open: &'static F) -> Self {
        Self(libtest_async::PerModule::new(open))
    }

    /// Has `close` called when the run is over, for each module: see [`Shared::with_close`](crate::testing::Shared::with_close).
    #[must_use]
    pub const fn with_close<F: Close<T, Error> + Sync>(self, close: &'static F) -> Self {
        let mut shared = self;
        shared.0.set_close(close);
        shared
    }

    /// Returns the value of the current test's module, which the first call opens.
    ///
    /// Dropping the future does not end the opening.
    ///
    /// # Errors
    ///
    /// The error of `open`, for every caller of that module. A panic of `open` is a `RustPanic` with its text, and so is the
    /// error where neither a test asks nor a value of one.
    pub async fn get(&'static self) -> PyResult<&'static T> {
        self.0.get().await.map_err(PyErr::from)
    }

    /// As [`get`](Self::get), for tests that are not async: blocks the thread meanwhile, detached from Python.
    ///
    /// # Errors
    ///
    /// The errors of [`get`](Self::get); `RuntimeError` where an event loop runs on this thread, which `open` may need.
    pub fn get_blocking(&'static self) -> PyResult<&'static T> {
        shared::block(|| self.0.get_blocking())
    }
}

impl<T: 'static> fmt::Debug for PerModule<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
