//! Coroutines with settings.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use pyo3::IntoPyObject;
use pyo3::prelude::*;

use crate::bridge::Unstarted;
use crate::cancel::CancelHandle;
use crate::convert::into_coroutine::{CoroutineName, RustCoroutine, Settings};
use crate::runtime::traits::{ContextExt, Pointers, Runtime};

/// Converts Rust futures into Python coroutines, as [`into_coroutine`](super::into_coroutine) does, with settings.
///
/// ```
/// # use pyo3::prelude::*;
/// # #[cfg(feature = "tokio-runtime")]
/// #[pyfunction]
/// fn get(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
///     pyo3_aio::tokio::coroutine_builder()
///         .name("Client.get")
///         .build(py, async { Ok(200) })
/// }
/// ```
#[must_use = "it makes no coroutine before `build` is called"]
pub struct CoroutineBuilder<R> {
    /// `None` stands for the name of the function that the future is of.
    name: Option<Cow<'static, str>>,
    // It holds no runtime, and is `Send` and `Sync` whatever that is.
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime + ContextExt> CoroutineBuilder<R> {
    /// Makes coroutines that [`into_coroutine`](super::into_coroutine) would make.
    pub fn new() -> Self {
        Self {
            name: None,
            runtime: PhantomData,
        }
    }

    /// Sets what `repr`, a task's `repr` and warnings show: `__qualname__`, and `__name__` from its last dot on.
    ///
    /// Without it that is the name of the function that is `async` or contains the async block, as rustc tells it, and
    /// `Coroutine` for other futures.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Converts a Rust future into a Python coroutine; see [`into_coroutine`](super::into_coroutine).
    ///
    /// # Errors
    ///
    /// Only when Python has no memory left.
    pub fn build<F, T>(self, py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
    where
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        let settings = self.settings::<F>();
        create(py, Pointers::<R>::unstarted(fut), settings)
    }

    /// Converts a Rust future into a Python coroutine, and tells the future when Python cancels it; see [`CancelHandle`].
    ///
    /// # Errors
    ///
    /// Only when Python has no memory left.
    pub fn build_cancellable<C, F, T>(self, py: Python<'_>, make: C) -> PyResult<Bound<'_, PyAny>>
    where
        C: FnOnce(CancelHandle) -> F,
        F: Future<Output = PyResult<T>> + Send + 'static,
        T: for<'py> IntoPyObject<'py> + Send + 'static,
    {
        let signal = Arc::default();
        let unstarted = Pointers::<R>::unstarted(make(CancelHandle::new(&signal)));
        let settings = Settings {
            cancel_signal: Some(signal),
            ..self.settings::<F>()
        };
        create(py, unstarted, settings)
    }

    fn settings<F: Future>(self) -> Settings {
        Settings {
            name: self
                .name
                .map_or_else(CoroutineName::of_future::<F>, CoroutineName::Given),
            ..Settings::default()
        }
    }
}

impl<R: Runtime + ContextExt> Default for CoroutineBuilder<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R> fmt::Debug for CoroutineBuilder<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CoroutineBuilder")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

fn create(py: Python<'_>, unstarted: Unstarted, settings: Settings) -> PyResult<Bound<'_, PyAny>> {
    Ok(RustCoroutine::create(py, unstarted, settings)?.into_any())
}
