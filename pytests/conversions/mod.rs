//! The conversions' tests, for the `runtime` of the crate that they are part of.

mod async_with;
mod awaitables;
mod awaited_by;
mod blocking;
mod calls;
mod cancellable;
mod cancelling;
mod coroutines;
#[cfg(feature = "experimental-inspect")]
mod described;
mod errors;
mod functions;
mod futures;
mod locals;
mod loops;
mod methods;
mod on_loop;
mod running;
mod spawn_blocking;
mod task_groups;
mod under_trio;

use std::ffi::CStr;

use pyo3::prelude::*;

use crate::fixtures::drops::Drops;
use crate::fixtures::python::{call, function, python};
use crate::runtime;

/// Awaits what `name(argument)` returns, on the loop of the test.
pub(crate) async fn awaited<F>(code: &CStr, name: &str, argument: F) -> PyResult<Py<PyAny>>
where
    F: for<'py> FnOnce(Python<'py>) -> PyResult<Bound<'py, PyAny>>,
{
    let future = Python::attach(|py| {
        let names = python(py, code)?;
        runtime::into_future(call(&names, name, argument(py)?)?)
    })?;
    future.await
}

/// A function that returns a future whose Rust future is never ready.
pub(crate) fn forever<'py>(py: Python<'py>, drops: &Drops) -> PyResult<Bound<'py, PyAny>> {
    let drops = drops.clone();
    function(py, move |py| {
        let guard = drops.guard();
        runtime::future_into_py::<_, ()>(py, async move {
            let _guard = guard;
            std::future::pending().await
        })
    })
}

/// Calls a function on a thread that has no locals, as the test's own has.
pub(crate) fn on_new_thread<T: Send>(
    function: impl FnOnce(Python<'_>) -> PyResult<T> + Send,
) -> PyResult<T> {
    std::thread::scope(|scope| scope.spawn(|| Python::attach(function)).join().unwrap())
}
