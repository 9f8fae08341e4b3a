//! Calls of functions that the attribute `pyfunction` has made.

use std::borrow::Cow;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use pyo3::exceptions::PyStopAsyncIteration;
#[cfg(feature = "experimental-inspect")]
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::{IntoPyObject, IntoPyObjectExt, PyClass, PyTypeInfo};

use crate::bridge::{Unstarted, convert};
use crate::cancel::{CancelHandle, Signal};
use crate::convert::future_into_py::{CancelPolicy, spawn_future};
use crate::convert::into_coroutine::{CoroutineName, RustCoroutine, Settings};
use crate::generic::async_body::{self, AsyncBody, IntoPyResult};
use crate::generic::conversions::get_current_locals;
use crate::generic::output_type::OutputType;
use crate::program::block_on::block_on_background_cancellable;
use crate::runtime::traits::{ContextExt, Pointers, Runtime};

/// The call of an `async fn` that has the attribute `pyfunction`, or `pymethods`: Python gets a coroutine or a future on
/// the runtime `R`, and Rust has a future with output `O`.
///
/// Rust awaits it wherever it likes, as the `async fn` that was written. A function with a [`CancelHandle`] takes the other
/// arguments only, and Rust's handle is told nothing.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct AsyncCall<R, O> {
    body: Pin<Box<dyn AsyncBody<O>>>,
    name: &'static str,
    cancel_signal: Option<Arc<Signal>>,
    // It holds no runtime, and is `Send` whatever that is.
    runtime: PhantomData<fn() -> R>,
}

#[doc(hidden)]
impl<R, O> AsyncCall<R, O> {
    /// Takes the future that the function has returned.
    pub fn new<F, Kind>(name: &'static str, future: F) -> Self
    where
        F: Future<Output = O> + Send + 'static,
        O: IntoPyResult<Kind> + 'static,
        Kind: 'static,
    {
        Self {
            body: async_body::boxed(future),
            name,
            cancel_signal: None,
            runtime: PhantomData,
        }
    }

    /// Calls a function that takes a cancel handle.
    pub fn cancellable<F, Kind>(
        name: &'static str,
        function: impl FnOnce(CancelHandle) -> F,
    ) -> Self
    where
        F: Future<Output = O> + Send + 'static,
        O: IntoPyResult<Kind> + 'static,
        Kind: 'static,
    {
        let signal = Arc::default();
        Self {
            cancel_signal: Some(Arc::clone(&signal)),
            ..Self::new(name, function(CancelHandle::new(&signal)))
        }
    }
}

/// As [`AsyncCall`], of a function with `#[pyfunction(future)]`: Python gets a future that has started.
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct FutureCall<R, O>(AsyncCall<R, O>);

#[doc(hidden)]
impl<R, O> FutureCall<R, O> {
    /// Takes the call of the async function.
    pub fn new(call: AsyncCall<R, O>) -> Self {
        Self(call)
    }
}

impl<R, O> From<FutureCall<R, O>> for AsyncCall<R, O> {
    fn from(call: FutureCall<R, O>) -> Self {
        call.0
    }
}

impl<R, O> Future for FutureCall<R, O> {
    type Output = O;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<'py, R, O> IntoPyObject<'py> for FutureCall<R, O>
where
    R: Runtime + ContextExt,
    O: OutputType,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    #[cfg(feature = "experimental-inspect")]
    const OUTPUT_TYPE: PyStaticExpr = O::FUTURE;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let AsyncCall {
            body,
            cancel_signal,
            ..
        } = self.0;
        let unstarted = Unstarted::new(body.into_work(), Pointers::<R>::VTABLE);
        let locals = get_current_locals::<R>(py)?;
        let policy = cancel_signal.map_or(CancelPolicy::AtOnce, CancelPolicy::Signal);
        Ok(spawn_future(py, unstarted, locals, policy)?.into_any())
    }
}

impl<R, O> fmt::Debug for FutureCall<R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FutureCall").field(&self.0).finish()
    }
}

/// The call of the synchronous twin of an `async fn` with the attribute `pyfunction` or `pymethods`, made by `blocking`: where
/// PyO3 converts it, the function runs on the runtime `R` while this thread waits, and Python gets the output `O`.
///
/// It waits as [`block_on_background`](super::block_on_background) does.
#[must_use = "the function does not run unless Python calls the twin"]
pub struct BlockingCall<R, O>(AsyncCall<R, O>);

#[doc(hidden)]
impl<R, O> BlockingCall<R, O> {
    /// Takes the call of the async function.
    pub fn new(call: impl Into<AsyncCall<R, O>>) -> Self {
        Self(call.into())
    }
}

impl<'py, R, O> IntoPyObject<'py> for BlockingCall<R, O>
where
    R: Runtime,
    O: OutputType,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    #[cfg(feature = "experimental-inspect")]
    const OUTPUT_TYPE: PyStaticExpr = O::VALUE;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let AsyncCall {
            body,
            cancel_signal,
            ..
        } = self.0;
        let mut work = body.into_work();
        let future = async move {
            poll_fn(|cx| work.as_mut().poll(cx)).await;
            Ok(work)
        };
        let unstarted = Unstarted::new(future, Pointers::<R>::VTABLE);
        let work = block_on_background_cancellable::<R, _, _>(py, unstarted, cancel_signal)?;
        Ok(convert(py, work)?.into_bound(py))
    }
}

impl<R, O> fmt::Debug for BlockingCall<R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingCall").field(&self.0).finish()
    }
}

/// Returns the `__qualname__` of a method, and keeps it in the static of that method.
#[doc(hidden)]
pub fn qualified_name<T: PyTypeInfo>(
    name: &'static OnceLock<String>,
    method: &str,
) -> &'static str {
    name.get_or_init(|| {
        let class =
            Python::attach(|py| T::type_object(py).qualname().map(|class| class.to_string()));
        match class {
            Ok(class) => format!("{class}.{method}"),
            Err(_) => method.to_owned(),
        }
    })
}

/// Borrows an object for an async method with `&self`.
#[doc(hidden)]
pub fn frozen<T, Frozen>(object: &Py<T>) -> &T
where
    T: PyClass<Frozen = Frozen>,
    Frozen: Shares<T>,
{
    Frozen::get(object)
}

/// The `PyClass::Frozen` of a frozen class. Only code that holds Python may borrow from other classes.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "an async method with `&self` needs a frozen class",
    label = "write `#[pyclass(frozen)]` before `{T}`, or `slf: Py<Self>` here"
)]
pub trait Shares<T> {
    /// Borrows the object.
    fn get(object: &Py<T>) -> &T;
}

impl<T: PyClass<Frozen = Self> + Sync> Shares<T> for True {
    fn get(object: &Py<T>) -> &T {
        object.get()
    }
}

/// The output of an async `__anext__`: an `Option`, or a `Result` of one. None becomes `StopAsyncIteration`.
#[doc(hidden)]
#[derive(Debug)]
pub struct AnextOutput<O>(pub O);

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for AnextOutput<Option<T>> {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    #[cfg(feature = "experimental-inspect")]
    const OUTPUT_TYPE: PyStaticExpr = T::OUTPUT_TYPE;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.0 {
            Some(item) => item.into_bound_py_any(py),
            None => Err(PyStopAsyncIteration::new_err(())),
        }
    }
}

impl<'py, T: IntoPyObject<'py>, E: Into<PyErr>> IntoPyObject<'py>
    for AnextOutput<Result<Option<T>, E>>
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    #[cfg(feature = "experimental-inspect")]
    const OUTPUT_TYPE: PyStaticExpr = T::OUTPUT_TYPE;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        AnextOutput(self.0.map_err(Into::into)?).into_pyobject(py)
    }
}

impl<R, O> Future for AsyncCall<R, O> {
    type Output = O;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        self.body.as_mut().poll_output(cx)
    }
}

impl<'py, R, O> IntoPyObject<'py> for AsyncCall<R, O>
where
    R: Runtime + ContextExt,
    O: OutputType,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    #[cfg(feature = "experimental-inspect")]
    const OUTPUT_TYPE: PyStaticExpr = O::COROUTINE;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let unstarted = Unstarted::new(self.body.into_work(), Pointers::<R>::VTABLE);
        let settings = Settings {
            cancel_signal: self.cancel_signal,
            name: CoroutineName::Given(Cow::Borrowed(self.name)),
            ..Settings::default()
        };
        Ok(RustCoroutine::create(py, unstarted, settings)?.into_any())
    }
}

impl<R, O> fmt::Debug for AsyncCall<R, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncCall")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
