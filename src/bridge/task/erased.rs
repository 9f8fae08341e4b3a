//! A Rust future and, in the same allocation, its output, both without their types.

#![expect(
    unsafe_code,
    reason = "a future that is polled in place has to be projected to"
)]

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pyo3::prelude::*;
use pyo3::{IntoPyObject, IntoPyObjectExt};

use crate::err::catch_as_error;

/// A future whose output can become a Python object, without its type.
pub(crate) trait Work: Send {
    /// Polls the future. When it is ready it has been dropped, and its output waits for [`Work::output`].
    ///
    /// # Panics
    ///
    /// Where the future does.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// Converts the output.
    ///
    /// # Panics
    ///
    /// Where the conversion does, and where there is no output.
    fn output(self: Pin<Box<Self>>, py: Python<'_>) -> PyResult<Py<PyAny>>;
}

/// Converts the output; a panic of the conversion becomes an error, and so does one of dropping the rest.
#[inline]
pub(crate) fn convert(py: Python<'_>, work: Pin<Box<dyn Work>>) -> PyResult<Py<PyAny>> {
    catch_as_error(|| work.output(py))
}

/// A user's future, then its output.
pub(crate) enum Job<F, T> {
    /// The future, which is pinned, and has not finished.
    Running(F),
    /// The output, which is not pinned. The box keeps small futures small: a `PyErr` takes more than most values.
    Finished(Result<T, Box<PyErr>>),
}

impl<F, T> Job<F, T>
where
    F: Future<Output = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    /// Boxes a future and forgets its type.
    pub(crate) fn boxed(future: F) -> Pin<Box<dyn Work>> {
        Box::pin(Self::Running(future))
    }
}

impl<F, T> Work for Job<F, T>
where
    F: Future<Output = PyResult<T>> + Send,
    T: for<'py> IntoPyObject<'py> + Send,
{
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the future is never moved: it leaves `Running` by the assignment below, which drops it in place.
        let this = unsafe { self.get_unchecked_mut() };
        let Self::Running(future) = this else {
            return Poll::Ready(());
        };
        // SAFETY: `self` was pinned, and nothing else hands out the future.
        let output = ready!(unsafe { Pin::new_unchecked(future) }.poll(cx));
        *this = Self::Finished(output.map_err(Box::new));
        Poll::Ready(())
    }

    fn output(self: Pin<Box<Self>>, py: Python<'_>) -> PyResult<Py<PyAny>> {
        // SAFETY: only a `Finished` is moved out of, and that is not pinned; a `Running` is dropped in place.
        match *unsafe { Pin::into_inner_unchecked(self) } {
            Self::Finished(output) => output.map_err(|error| *error)?.into_py_any(py),
            Self::Running(_) => unreachable!("asked for the output of a future that has none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Job;
    use std::sync::Arc;
    use std::task::{Context, Poll, Waker};

    #[test]
    fn the_future_is_dropped_when_it_is_ready_and_not_when_the_output_is() {
        let alive = Arc::new(());
        let other = Arc::clone(&alive);
        let mut work = Job::boxed(async move {
            let _other = other;
            Ok(1)
        });
        let poll = work.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!(poll, Poll::Ready(()));
        assert_eq!(Arc::strong_count(&alive), 1);
    }
}
