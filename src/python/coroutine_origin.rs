//! The frames that make a coroutine: `cr_origin`, which `sys.set_coroutine_origin_tracking_depth` and asyncio's debug mode
//! switch on for a thread.

#![expect(
    unsafe_code,
    reason = "the function that tells the depth is called for each coroutine, as the C function that it is"
)]

use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

/// Returns the `cr_origin` of a coroutine that is made now: as `compute_cr_origin` in `Objects/genobject.c`, a tuple of
/// file, line and function for each frame, the innermost first. `None` where this thread tracks no origins.
///
/// # Errors
///
/// Only when Python has no memory left.
pub(crate) fn capture(py: Python<'_>) -> PyResult<Option<Py<PyTuple>>> {
    match tracking_depth(py)? {
        0 => Ok(None),
        depth => frames(py, depth).map(Some),
    }
}

#[cold]
fn frames(py: Python<'_>, depth: usize) -> PyResult<Py<PyTuple>> {
    let mut origin = Vec::new();
    let innermost = py.import("sys")?.getattr("_getframe")?.call0();
    // It fails where no Python code runs on this thread.
    let mut next = innermost.unwrap_or_else(|_| py.None().into_bound(py));
    while origin.len() < depth && !next.is_none() {
        let code = next.getattr(intern!(py, "f_code"))?;
        origin.push((
            code.getattr(intern!(py, "co_filename"))?,
            next.getattr(intern!(py, "f_lineno"))?,
            code.getattr(intern!(py, "co_name"))?,
        ));
        next = next.getattr(intern!(py, "f_back"))?;
    }
    Ok(PyTuple::new(py, origin)?.unbind())
}

/// `sys.get_coroutine_origin_tracking_depth`.
struct DepthFunction {
    function: Py<PyAny>,
    /// Its C function and the first argument of that.
    c_function: Option<(ffi::PyCFunction, Py<PyAny>)>,
}

/// Returns the number of frames that this thread keeps of each coroutine. C code has no other way to the number.
fn tracking_depth(py: Python<'_>) -> PyResult<usize> {
    static FUNCTION: PyOnceLock<DepthFunction> = PyOnceLock::new();
    let depth = FUNCTION.get_or_try_init(py, || DepthFunction::import(py))?;
    let Some((c_function, module)) = &depth.c_function else {
        return depth.function.call0(py)?.extract(py);
    };
    // SAFETY: the thread is attached, and a function with `METH_NOARGS` is called with its `__self__` and null. It returns
    // a new reference, or null with an exception set.
    let depth = unsafe {
        let depth = c_function(module.as_ptr(), std::ptr::null_mut());
        Bound::from_owned_ptr_or_err(py, depth)?
    };
    depth.extract()
}

impl DepthFunction {
    fn import(py: Python<'_>) -> PyResult<Self> {
        let function = py
            .import("sys")?
            .getattr("get_coroutine_origin_tracking_depth")?;
        let module = function.getattr("__self__").ok();
        let c_function = module.and_then(|module| {
            // SAFETY: the thread is attached. The other two are called with an object of the type that they ask for.
            let c_function = unsafe {
                if ffi::PyCFunction_Check(function.as_ptr()) == 0
                    || ffi::PyCFunction_GetFlags(function.as_ptr()) != ffi::METH_NOARGS
                {
                    return None;
                }
                ffi::PyCFunction_GetFunction(function.as_ptr())?
            };
            Some((c_function, module.unbind()))
        });
        Ok(Self {
            function: function.unbind(),
            c_function,
        })
    }
}
