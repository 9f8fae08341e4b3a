//! Futures that are not `Send`.

use pyo3::IntoPyObject;
use pyo3::prelude::*;

use crate::convert::local_future;
use crate::generic::conversions::get_current_locals;
use crate::runtime::{ContextExt, LocalContextExt, Pointers, Runtime, SpawnLocalExt};
use crate::task_locals::TaskLocals;

/// Converts a Rust future that is not `Send` into a Python future on the loop of the locals.
///
/// It is polled, and its output converted, where the runtime runs local tasks of this thread; see
/// [`future_into_py`](crate::generic::future_into_py) for the rest.
///
/// # Errors
///
/// `RuntimeError: Event loop is closed`.
///
/// # Panics
///
/// Where the runtime's `spawn_local` does: tokio's outside a `LocalSet`.
#[deprecated(
    note = "convert a future that is `Send`: the event loop runs on another thread than the future"
)]
pub fn local_future_into_py_with_locals<R, F, T>(
    py: Python<'_>,
    locals: TaskLocals,
    fut: F,
) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + SpawnLocalExt + LocalContextExt,
    F: Future<Output = PyResult<T>> + 'static,
    T: for<'py> IntoPyObject<'py>,
{
    let (future, run) = local_future::split(py, Pointers::<R>::VTABLE, locals.clone(), fut)?;
    drop(R::spawn_local(R::scope_local(locals, run)));
    Ok(future)
}

/// Converts a Rust future that is not `Send` into a Python future; see [`local_future_into_py_with_locals`].
///
/// # Errors
///
/// `RuntimeError`: there is no running event loop, or it is closed.
///
/// # Panics
///
/// Where the runtime's `spawn_local` does: tokio's outside a `LocalSet`.
#[deprecated(
    note = "convert a future that is `Send`: the event loop runs on another thread than the future"
)]
pub fn local_future_into_py<R, F, T>(py: Python<'_>, fut: F) -> PyResult<Bound<'_, PyAny>>
where
    R: Runtime + ContextExt + SpawnLocalExt + LocalContextExt,
    F: Future<Output = PyResult<T>> + 'static,
    T: for<'py> IntoPyObject<'py>,
{
    #[expect(deprecated, reason = "so is this one")]
    local_future_into_py_with_locals::<R, F, T>(py, get_current_locals::<R>(py)?, fut)
}
