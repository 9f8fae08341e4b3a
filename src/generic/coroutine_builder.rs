//! Coroutines with settings.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use pyo3::IntoPyObject;
use pyo3::prelude::*;

use crate::bridge::Unstarted;
use crate::cancel::CancelHandle;
use crate::convert::into_coroutine::{RustCoroutine, Settings};
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
    name: Cow<'static, str>,
    // It holds no runtime, and is `Send` and `Sync` whatever that is.
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime + ContextExt> CoroutineBuilder<R> {
    /// Makes coroutines that [`into_coroutine`](super::into_coroutine) would make.
    pub fn new() -> Self {
        Self {
            name: Settings::default().name,
            runtime: PhantomData,
        }
    }

    /// Sets what `repr(task)` and debuggers show: `__qualname__`, and `__name__` from its last dot on.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
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
        let settings = self.settings();
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
            ..self.settings()
        };
        create(py, unstarted, settings)
    }

    fn settings(self) -> Settings {
        Settings {
            name: self.name,
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
