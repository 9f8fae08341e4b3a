//! Keeps the Python thread state of a test's thread.

#![expect(
    unsafe_code,
    reason = "pyo3 keeps a thread's state only while it is attached"
)]

use std::mem::ManuallyDrop;

use pyo3::ffi;
use pyo3::prelude::*;

/// Keeps the `PyThreadState` of this thread for the whole test, while the thread attaches and detaches.
///
/// `PyGILState_Release`, which pyo3 calls when a thread detaches, deletes the state of a thread that Python has not started
/// (CPython's `Python/pystate.c`). With this guard `threading.local` holds across the awaits of a test, and
/// `Python::attach` creates no state, which would take most of its time.
pub(crate) struct ThreadState {
    gil: ffi::PyGILState_STATE,
    state: *mut ffi::PyThreadState,
}

impl ThreadState {
    /// Attaches this thread to Python, calls a function, and detaches the thread but keeps its state. Called on the test's
    /// thread before anything else, while it is not attached.
    ///
    /// The function is called here, because attaching a second time would wait for other tests once more.
    pub(crate) fn keep<T>(function: impl FnOnce(Python<'_>) -> T) -> (Self, T) {
        // SAFETY: `PyGILState_Ensure` needs an initialized interpreter: tests start after that, and the harness never
        // finalizes Python, also while abandoned threads of tests go on.
        let gil = unsafe { ffi::PyGILState_Ensure() };
        // The thread is attached already. `Python::attach` only has pyo3 know that, and leaves the state as it is.
        let output = Python::attach(function);
        // SAFETY: the thread is attached, by the first call, which pyo3's has left as it was.
        let state = unsafe { ffi::PyEval_SaveThread() };
        (Self { gil, state }, output)
    }

    /// Attaches this thread to Python for the last time, calls a function then, and drops the state.
    pub(crate) fn end<T>(self, function: impl FnOnce(Python<'_>) -> T) -> T {
        let this = ManuallyDrop::new(self);
        let release = this.attach();
        let output = Python::attach(function);
        drop(release);
        output
    }

    fn attach(&self) -> Release {
        // SAFETY: the state is that of this thread, since the guard holds pointers and so cannot be sent elsewhere; the
        // thread is detached, since what attached it after `keep` has ended before; and Python is never finalized.
        unsafe { ffi::PyEval_RestoreThread(self.state) };
        Release(self.gil)
    }
}

impl Drop for ThreadState {
    fn drop(&mut self) {
        drop(self.attach());
    }
}

/// Drops the state of this thread, which is attached, and detaches it.
struct Release(ffi::PyGILState_STATE);

impl Drop for Release {
    fn drop(&mut self) {
        // SAFETY: this ends the call of `PyGILState_Ensure` in `keep`; the thread is attached, by `attach`, and what has
        // attached it since then has ended.
        unsafe { ffi::PyGILState_Release(self.0) };
    }
}
