//! Streams and asynchronous generators.

use futures_core::Stream;
use pyo3::IntoPyObject;
use pyo3::prelude::*;

use super::conversions::get_current_locals;
use crate::convert::into_stream::{
    PyItems, PyStream, into_items_with_locals, into_stream_with_locals,
};
use crate::convert::stream_into_py::{RustGenerator, StreamSource};
use crate::runtime::traits::{ContextExt, Pointers, Runtime};
use crate::task_locals::TaskLocals;

/// Converts a Python asynchronous generator into a Rust stream, on the loop of [`get_current_locals`].
///
/// How far the generator runs ahead, and what happens on an error, on drop and on a closed loop: [`PyStream`].
///
/// # Errors
///
/// `TypeError`: the object is no asynchronous iterable. `RuntimeError`: there is no running event loop, or it is closed.
pub fn into_stream<R: Runtime + ContextExt>(async_gen: Bound<'_, PyAny>) -> PyResult<PyStream> {
    into_stream_with_locals(get_current_locals::<R>(async_gen.py())?, async_gen)
}

/// Does what [`into_stream`] does, under its name in pyo3-async-runtimes.
///
/// # Errors
///
/// The errors of [`into_stream`].
pub fn into_stream_v1<R>(async_gen: Bound<'_, PyAny>) -> PyResult<PyStream>
where
    R: Runtime + ContextExt,
{
    into_stream::<R>(async_gen)
}

/// Does what [`into_stream_with_locals`] does, under its name in pyo3-async-runtimes.
///
/// # Errors
///
/// The errors of [`into_stream_with_locals`].
pub fn into_stream_with_locals_v1<R>(
    locals: TaskLocals,
    async_gen: Bound<'_, PyAny>,
) -> PyResult<PyStream>
where
    R: Runtime,
{
    into_stream_with_locals(locals, async_gen)
}

/// Converts a Python asynchronous generator into a Rust stream of its items alone, as pyo3-async-runtimes does.
///
/// The stream ends at an error, which the loop's exception handler is called with; [`into_stream`] delivers it.
///
/// # Errors
///
/// The errors of [`into_stream`].
pub fn into_stream_v2<R>(async_gen: Bound<'_, PyAny>) -> PyResult<PyItems>
where
    R: Runtime + ContextExt,
{
    into_stream_with_locals_v2::<R>(get_current_locals::<R>(async_gen.py())?, async_gen)
}

/// Converts a Python asynchronous generator into a Rust stream of its items alone, on the loop and in the context of the
/// locals; see [`into_stream_v2`].
///
/// # Errors
///
/// The errors of [`into_stream_with_locals`].
pub fn into_stream_with_locals_v2<R>(
    locals: TaskLocals,
    async_gen: Bound<'_, PyAny>,
) -> PyResult<PyItems>
where
    R: Runtime + ContextExt,
{
    into_items_with_locals(locals, async_gen)
}

/// Converts a Rust stream into a Python asynchronous generator (`collections.abc.AsyncGenerator`).
///
/// `async for` and `contextlib.aclosing` take it. The stream is polled only while an item is asked for. The first step of
/// `__anext__()` polls it on the caller's thread, detached from Python and inside the runtime's context, so that an item
/// which is ready costs no trip to another thread; a stream that is pending moves to the runtime, and comes back with its
/// item. Its type in stubs is `AsyncGenerator[T, None]`.
///
/// - **Cancel**: a cancelled `__anext__()` raises `CancelledError` after the runtime has stopped polling. The generator
///   can be used again, and the next `__anext__()` returns the item that came meanwhile, if one did. An item that
///   `__anext__()` has returned belongs to the task that called it.
/// - **Errors** are raised, as the same exception object, and end the generator as one that leaves an `async def` does;
///   `StopIteration` and `StopAsyncIteration` become `RuntimeError`.
/// - **Panic**: [`RustPanic`](crate::err::RustPanic), which ends the generator too.
/// - `aclose()`, `athrow()`, the end and the garbage collector drop the stream, inside the runtime's context and detached
///   from Python. `athrow()` raises its exception. The value of `asend()` is ignored, except that a new generator takes
///   none but None.
/// - One `__anext__()` at a time: another one meanwhile is a `RuntimeError`.
/// - **Closed loop**: the stream is dropped with the generator, and nothing is printed.
///
/// # Errors
///
/// Only when Python has no memory left.
pub fn stream_into_py<R, S, T>(py: Python<'_>, stream: S) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime,
    S: Stream<Item = PyResult<T>> + Send + 'static,
    T: for<'py> IntoPyObject<'py> + Send + 'static,
{
    let generator = RustGenerator::new(py, StreamSource::new(stream), Pointers::<R>::VTABLE);
    Ok(Bound::new(py, generator)?.into_any())
}
