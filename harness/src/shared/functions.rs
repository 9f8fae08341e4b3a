//! The async functions that open and close shared values, or stand in `main!`.

use std::pin::Pin;
use std::sync::Arc;

/// A future that stays on the thread that made it.
pub(crate) type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// An async function without arguments, with a word of its own for one that is not async.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the `async` keyword is missing from the function declaration",
    label = "this has to be an async function without arguments"
)]
pub trait AsyncFunction {
    /// The output of the future.
    type Output;

    /// Calls the function.
    fn call(self) -> impl Future<Output = Self::Output>;
}

#[diagnostic::do_not_recommend]
impl<F, Fut> AsyncFunction for F
where
    F: FnOnce() -> Fut,
    Fut: Future,
{
    type Output = Fut::Output;

    fn call(self) -> impl Future<Output = Fut::Output> {
        self()
    }
}

/// An async function that makes a value.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async function that returns `Result<{T}, _>`",
    note = "it takes no arguments, and its future is `Send`"
)]
pub trait Open<T, E> {
    /// Calls the function.
    fn open(&self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;
}

impl<F, Fut, T, X, E> Open<T, E> for F
where
    F: Fn() -> Fut,
    Fut: Future<Output = Result<T, X>> + Send + 'static,
    X: Into<E>,
{
    fn open(&self) -> Pin<Box<dyn Future<Output = Result<T, E>> + Send>> {
        let future = self();
        Box::pin(async { future.await.map_err(Into::into) })
    }
}

/// An async function that closes a value of one test.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async function that takes `&{T}` and returns `Result<(), _>`"
)]
pub trait CloseOwn<T: 'static, E> {
    /// Calls the function. The future drops the value.
    fn close(&'static self, value: Arc<T>) -> LocalFuture<Result<(), E>>;
}

impl<F, T, X, E> CloseOwn<T, E> for F
where
    T: 'static,
    F: AsyncFn(&T) -> Result<(), X>,
    X: Into<E>,
{
    fn close(&'static self, value: Arc<T>) -> LocalFuture<Result<(), E>> {
        Box::pin(async move { self(&value).await.map_err(Into::into) })
    }
}

/// An async function that closes a value.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async function that takes `&{T}` and returns `Result<(), _>`"
)]
pub trait Close<T: 'static, E> {
    /// Calls the function.
    fn close(&self, value: &'static T) -> Pin<Box<dyn Future<Output = Result<(), E>>>>;
}

impl<F, Fut, T, X, E> Close<T, E> for F
where
    T: 'static,
    F: Fn(&'static T) -> Fut,
    Fut: Future<Output = Result<(), X>> + 'static,
    X: Into<E>,
{
    fn close(&self, value: &'static T) -> Pin<Box<dyn Future<Output = Result<(), E>>>> {
        let future = self(value);
        Box::pin(async { future.await.map_err(Into::into) })
    }
}
