//! Waits on a thread that may be the runtime's.

use std::any::TypeId;

use pyo3::prelude::*;

use crate::bridge::lifecycle::current_runtime;
use crate::runtime::traits::Runtime;

/// Calls a function that waits for futures of the runtime, on any thread.
///
/// # Errors
///
/// Those of the function; `RuntimeError` where the thread polls a future of the runtime, which has no other for those
/// that are waited for. Nothing is called then.
pub(crate) fn wait<R: Runtime, T>(function: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    if !current_runtime::is_polling(TypeId::of::<R>()) {
        return function();
    }
    let (mut function, mut output) = (Some(function), None);
    R::block_in_place(&mut || output = function.take().map(current_runtime::outside))?;
    output.expect("the runtime calls what it is given")
}
