//! Python's state of the thread that a test runs on.

#![expect(
    unsafe_code,
    reason = "pyo3 keeps a thread's state only while it is attached"
)]

use std::mem::ManuallyDrop;

use pyo3::ffi;
use pyo3::prelude::*;

/// Keeps Python's state of this thread for the whole test, between the times when it is attached.
///
/// So `threading.local` holds across the awaits of a test, and attaching anew makes no new state,
/// which would take longer than all else that attaching does.
pub(crate) struct ThreadState {
    gil: ffi::PyGILState_STATE,
    state: *mut ffi::PyThreadState,
}

impl ThreadState {
    /// Waits until this thread can be attached to Python, calls a function then, and detaches the thread. Called first
    /// thing on the test's thread, while it is not attached.
    ///
    /// To attach once for both is worth while: other tests wait for Python as well.
    pub(crate) fn keep<T>(function: impl FnOnce(Python<'_>) -> T) -> (Self, T) {
        // SAFETY: `PyGILState_Ensure` needs an initialized interpreter: tests start after that, and the harness never
        // finalizes Python, also while abandoned threads of tests go on.
        let gil = unsafe { ffi::PyGILState_Ensure() };
        // It is attached already, which pyo3 does not know.
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
