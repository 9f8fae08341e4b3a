//! The future of an `async fn` under `#[pyfunction]`, before it is known who awaits it: Python or Rust.

#![expect(
    unsafe_code,
    reason = "a future that is polled in place has to be projected to"
)]

use std::any::TypeId;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pyo3::prelude::*;
use pyo3::{IntoPyObject, IntoPyObjectExt};

use crate::bridge::Work;

/// The return type of an `async fn` under `#[pyfunction]`: a value that Python takes, or a `Result` of one.
///
/// `Kind` only keeps the two implementations apart; it is inferred.
#[diagnostic::on_unimplemented(
    message = "an async function of Python's cannot return `{Self}`",
    label = "it returns a value with `IntoPyObject`, or a `Result` of one whose error has `Into<PyErr>`",
    note = "the value is `Send + 'static`, so a `Bound` is returned as `Py`"
)]
pub trait IntoPyResult<Kind> {
    /// The value.
    type Value: for<'py> IntoPyObject<'py> + Send + 'static;

    /// Converts an error into an exception.
    ///
    /// # Errors
    ///
    /// The exception.
    fn into_py_result(self) -> PyResult<Self::Value>;
}

/// The kind of a return type that is no `Result`.
#[derive(Debug)]
pub enum Infallible {}

/// The kind of a return type that is a `Result`.
#[derive(Debug)]
pub enum Fallible {}

impl<T> IntoPyResult<Infallible> for T
where
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    type Value = T;

    fn into_py_result(self) -> PyResult<T> {
        Ok(self)
    }
}

impl<T, E> IntoPyResult<Fallible> for Result<T, E>
where
    T: for<'py> IntoPyObject<'py> + Send + 'static,
    E: Into<PyErr>,
{
    type Value = T;

    fn into_py_result(self) -> PyResult<T> {
        self.map_err(Into::into)
    }
}

/// A future with output `O` that Rust can await, and that can be handed to the bridge in the allocation it has.
pub(crate) trait AsyncBody<O>: Send {
    /// Polls the future for Rust.
    ///
    /// # Panics
    ///
    /// Where the future does, and after it was ready.
    fn poll_output(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O>;

    /// Hands the future to the bridge.
    fn into_work(self: Pin<Box<Self>>) -> Pin<Box<dyn Work>>;
}

/// Boxes a future and forgets its type.
pub(crate) fn boxed<F, O, Kind>(future: F) -> Pin<Box<dyn AsyncBody<O>>>
where
    F: Future<Output = O> + Send + 'static,
    O: IntoPyResult<Kind> + 'static,
    Kind: 'static,
{
    Box::pin(ConvertedBody::<F, O::Value, Kind>::Running(
        future,
        PhantomData,
    ))
}

/// A user's future, then the output that waits for its conversion.
enum ConvertedBody<F, T, Kind> {
    /// The future, which is pinned, and has not finished.
    Running(F, PhantomData<fn() -> Kind>),
    /// The output, which is not pinned; boxed as in the bridge's `Job`, because a `PyErr` takes more than most values.
    Finished(Result<T, Box<PyErr>>),
}

impl<F, T, Kind> ConvertedBody<F, T, Kind> {
    /// Returns the future, unless it has finished.
    fn future(self: Pin<&mut Self>) -> Option<Pin<&mut F>> {
        // SAFETY: the reference is used for a projection alone, which moves nothing. A `Running` is left by an assignment,
        // which drops the future in place, and `ConvertedBody` has no destructor of its own and is `Unpin` only where `F` is.
        match unsafe { self.get_unchecked_mut() } {
            // SAFETY: `self` was pinned, and so is the future in it.
            Self::Running(future, _) => Some(unsafe { Pin::new_unchecked(future) }),
            Self::Finished(_) => None,
        }
    }
}

impl<F, T, Kind> Work for ConvertedBody<F, T, Kind>
where
    F: Future<Output: IntoPyResult<Kind, Value = T>> + Send,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(future) = self.as_mut().future() else {
            return Poll::Ready(());
        };
        let output = ready!(future.poll(cx)).into_py_result();
        self.set(Self::Finished(output.map_err(Box::new)));
        Poll::Ready(())
    }

    fn output(self: Pin<Box<Self>>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        // SAFETY: only a `Finished` is moved out of, and that is not pinned; a `Running` is dropped in place.
        match *unsafe { Pin::into_inner_unchecked(self) } {
            Self::Finished(output) => into_py_object(py, output.map_err(|error| *error)?),
            Self::Running(..) => unreachable!("asked for the output of a future that has none"),
        }
    }
}

impl<F, O, T, Kind> AsyncBody<O> for ConvertedBody<F, T, Kind>
where
    F: Future<Output = O> + Send + 'static,
    O: IntoPyResult<Kind, Value = T>,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
    Kind: 'static,
{
    fn poll_output(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        let future = self.future();
        future
            .expect("only the bridge takes the output out, and it has the body for itself")
            .poll(cx)
    }

    fn into_work(self: Pin<Box<Self>>) -> Pin<Box<dyn Work>> {
        self
    }
}

/// Converts the output as PyO3 does for a `fn`: `()` becomes None, where `IntoPyObject` would make an empty tuple.
fn into_py_object<T>(py: Python<'_>, output: T) -> PyResult<Py<PyAny>>
where
    T: for<'py> IntoPyObject<'py> + 'static,
{
    if TypeId::of::<T>() == TypeId::of::<()>() {
        return Ok(py.None());
    }
    output.into_py_any(py)
}
