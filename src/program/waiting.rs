//! Asks the runtime for permission to wait on this thread, which may be one of its own.

use std::any::TypeId;

use pyo3::prelude::*;

use crate::bridge::lifecycle::current_runtime;
use crate::runtime::traits::Runtime;

/// Calls a function that waits for futures of the runtime.
///
/// A thread that polls a future of that runtime calls it through [`Runtime::block_in_place`].
///
/// # Errors
///
/// The errors of the function; `RuntimeError`, and the function is not called, where the runtime would wait for itself.
pub(crate) fn wait<R: Runtime, T>(function: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    if !current_runtime::is_polling(TypeId::of::<R>()) {
        return function();
    }
    let (mut function, mut output) = (Some(function), None);
    R::block_in_place(&mut || output = function.take().map(current_runtime::outside))?;
    output.expect("the runtime calls what it is given")
}
