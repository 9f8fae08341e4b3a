//! Calls within a context of Python's `contextvars`.

use pyo3::prelude::{Bound, PyAny, PyResult, Python};

#[cfg(not(Py_LIMITED_API))]
pub(crate) use native::{copy_current, run};
#[cfg(Py_LIMITED_API)]
pub(crate) use stable::{copy_current, run};

#[cfg(not(Py_LIMITED_API))]
mod native {
    #![expect(unsafe_code, reason = "pyo3 has no safe way to enter a context")]

    use super::{Bound, PyAny, PyResult, Python};
    use pyo3::{PyErr, ffi};

    /// Copies the current context (`contextvars.copy_context()`).
    pub(crate) fn copy_current(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        // SAFETY: it returns a reference of ours, or null with an exception.
        unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent()) }
    }

    /// Calls a function with `context` as the current context.
    ///
    /// # Errors
    ///
    /// `RuntimeError: cannot enter context`, when it is entered already, on any thread; nothing has been called then.
    pub(crate) fn run<T>(context: &Bound<'_, PyAny>, function: impl FnOnce() -> T) -> PyResult<T> {
        // SAFETY: the object is alive, and CPython refuses one that is not a context.
        if unsafe { ffi::PyContext_Enter(context.as_ptr()) } != 0 {
            return Err(PyErr::fetch(context.py()));
        }
        let _entered = Entered(context);
        Ok(function())
    }

    /// Leaves the context, also when the function panics.
    struct Entered<'a, 'py>(&'a Bound<'py, PyAny>);

    impl Drop for Entered<'_, '_> {
        fn drop(&mut self) {
            // SAFETY: `run` has entered it on this thread, and what was entered after it has been left.
            if unsafe { ffi::PyContext_Exit(self.0.as_ptr()) } != 0 {
                PyErr::fetch(self.0.py()).write_unraisable(self.0.py(), Some(self.0));
            }
        }
    }
}

#[cfg(Py_LIMITED_API)]
mod stable {
    #![expect(
        unsafe_code,
        reason = "a function that borrows passes through `Context.run`"
    )]

    use super::{Bound, PyAny, PyResult, Python};
    use pyo3::prelude::PyAnyMethods;
    use pyo3::types::PyCFunction;

    /// Copies the current context (`contextvars.copy_context()`).
    pub(crate) fn copy_current(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        crate::python::asyncio::copy_context(py)?.call0()
    }

    /// Calls a function with `context` as the current context.
    ///
    /// # Errors
    ///
    /// `RuntimeError: cannot enter context`, when it is entered already, on any thread; nothing has been called then.
    pub(crate) fn run<T>(context: &Bound<'_, PyAny>, function: impl FnOnce() -> T) -> PyResult<T> {
        let py = context.py();
        let (mut function, mut output) = (Some(function), None);
        let mut call = || {
            if let Some(function) = function.take() {
                output = Some(std::panic::catch_unwind(std::panic::AssertUnwindSafe(
                    function,
                )));
            }
        };
        let call: *mut (dyn FnMut() + '_) = &raw mut call;
        // SAFETY: only the lifetime changes. `Context.run` calls the closure before it returns, on this thread.
        let call: Call = Call(unsafe {
            std::mem::transmute::<*mut (dyn FnMut() + '_), *mut (dyn FnMut() + 'static)>(call)
        });
        let closure = PyCFunction::new_closure(py, None, None, move |_, _| call.call())?;
        context.call_method1(pyo3::intern!(py, "run"), (closure,))?;
        match output {
            Some(Ok(output)) => Ok(output),
            Some(Err(payload)) => std::panic::resume_unwind(payload),
            None => Err(pyo3::exceptions::PyRuntimeError::new_err(
                "the context called nothing",
            )),
        }
    }

    struct Call(*mut (dyn FnMut() + 'static));

    // SAFETY: it is only used by `Context.run`, on the thread that made it.
    unsafe impl Send for Call {}
    // SAFETY: as above.
    unsafe impl Sync for Call {}

    impl Call {
        fn call(&self) {
            // SAFETY: `run` is still on the stack below, and nobody else has the pointer.
            unsafe { (*self.0)() }
        }
    }
}
