//! Calls within a context of Python's `contextvars` (PEP 567).
//!
//! The full ABI has `PyContext_Enter` and `PyContext_Exit` (`Python/context.c`). The stable ABI has not, and goes through
//! the method `Context.run`.

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
        // SAFETY: the thread is attached; the function returns a new reference, or null with an exception set.
        unsafe { Bound::from_owned_ptr_or_err(py, ffi::PyContext_CopyCurrent()) }
    }

    /// Calls a function with `context` as the current context.
    ///
    /// # Errors
    ///
    /// `RuntimeError: cannot enter context`, when it is entered already, on any thread; nothing has been called then.
    pub(crate) fn run<T>(context: &Bound<'_, PyAny>, function: impl FnOnce() -> T) -> PyResult<T> {
        // SAFETY: the object is alive; CPython raises TypeError for one that is not a context.
        if unsafe { ffi::PyContext_Enter(context.as_ptr()) } != 0 {
            return Err(PyErr::fetch(context.py()));
        }
        let _entered = EnteredContext(context);
        Ok(function())
    }

    /// Leaves the context, also when the function panics.
    struct EnteredContext<'a, 'py>(&'a Bound<'py, PyAny>);

    impl Drop for EnteredContext<'_, '_> {
        fn drop(&mut self) {
            // SAFETY: `run` has entered the context on this thread. Contexts that were entered after it have been left,
            // since calls of `run` nest.
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

    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
    use std::sync::{Arc, Mutex, PoisonError};
    use std::thread::{self, ThreadId};

    use pyo3::exceptions::PyRuntimeError;
    use pyo3::prelude::PyAnyMethods;
    use pyo3::types::PyCFunction;

    use super::{Bound, PyAny, PyResult, Python};

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
                output = Some(catch_unwind(AssertUnwindSafe(function)));
            }
        };
        let borrowed = BorrowedCall::new(&mut call);
        let slot = Arc::clone(&borrowed.0);
        let callable = PyCFunction::new_closure(py, None, None, move |_, _| call_once(&slot))?;
        let called = context.call_method1(pyo3::intern!(py, "run"), (callable,));
        drop(borrowed);
        called?;
        match output {
            Some(Ok(output)) => Ok(output),
            Some(Err(payload)) => resume_unwind(payload),
            None => Err(PyRuntimeError::new_err("the context called nothing")),
        }
    }

    type Slot = Arc<Mutex<Option<StackFunction>>>;

    /// A function on the stack of a thread.
    struct StackFunction {
        function: *mut (dyn FnMut() + 'static),
        thread: ThreadId,
    }

    // SAFETY: `call_once` compares the thread before it uses the pointer.
    unsafe impl Send for StackFunction {}

    /// The borrow of a function that Python may call, once, until this is dropped.
    ///
    /// Python code may find the object that is given to `Context.run`, through `gc.get_objects()` for example, and call
    /// it later or on another thread; that is an error.
    struct BorrowedCall<'a>(Slot, std::marker::PhantomData<&'a mut dyn FnMut()>);

    impl<'a> BorrowedCall<'a> {
        fn new(function: &'a mut (dyn FnMut() + 'a)) -> Self {
            let function: *mut (dyn FnMut() + 'a) = function;
            // SAFETY: only the lifetime changes, and the drop takes the pointer out before that ends.
            let function = unsafe {
                std::mem::transmute::<*mut (dyn FnMut() + 'a), *mut (dyn FnMut() + 'static)>(
                    function,
                )
            };
            let thread = thread::current().id();
            let function = StackFunction { function, thread };
            Self(
                Arc::new(Mutex::new(Some(function))),
                std::marker::PhantomData,
            )
        }
    }

    impl Drop for BorrowedCall<'_> {
        fn drop(&mut self) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        }
    }

    fn call_once(slot: &Slot) -> PyResult<()> {
        let here = thread::current().id();
        let function = slot
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_if(|function| function.thread == here);
        let Some(StackFunction { function, .. }) = function else {
            return Err(PyRuntimeError::new_err(
                "the function can be called once, by the context that it was given to",
            ));
        };
        // SAFETY: the pointer was in the slot, so the `BorrowedCall` has not been dropped: the function is further down
        // the stack of this thread, which cannot return from there meanwhile. Nobody else has taken it out.
        unsafe { (*function)() };
        Ok(())
    }
}
