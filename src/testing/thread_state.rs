//! Python's state of the thread that a test runs on.

#![expect(
    unsafe_code,
    reason = "pyo3 keeps a thread's state only while it is attached"
)]

use pyo3::ffi;
use pyo3::prelude::*;

/// Keeps Python's state of this thread for the whole test, between the times when it is attached.
///
/// So `threading.local` holds across the awaits of a test, and attaching anew makes no new state,
/// which would take longer than all else that attaching does.
pub(super) struct ThreadState {
    gil: ffi::PyGILState_STATE,
    state: *mut ffi::PyThreadState,
}

impl ThreadState {
    /// Waits until this thread can be attached to Python, calls a function then, and detaches the thread. Called first
    /// thing on the test's thread, while it is not attached.
    ///
    /// To attach once for both is worth while: other tests wait for Python as well.
    pub(super) fn keep<T>(function: impl FnOnce(Python<'_>) -> T) -> (Self, T) {
        // SAFETY: `PyGILState_Ensure` needs an initialized interpreter: tests start after that, and the harness never
        // finalizes Python, also while abandoned threads of tests go on.
        let gil = unsafe { ffi::PyGILState_Ensure() };
        // It is attached already, which pyo3 does not know.
        let output = Python::attach(function);
        // SAFETY: the thread is attached, by the first call, which pyo3's has left as it was.
        let state = unsafe { ffi::PyEval_SaveThread() };
        (Self { gil, state }, output)
    }
}

impl Drop for ThreadState {
    fn drop(&mut self) {
        // SAFETY: the state is that of this thread, since the guard holds pointers and so cannot be sent elsewhere; the
        // thread is detached, since what attached it after `keep` has ended before; and Python is never finalized.
        unsafe {
            ffi::PyEval_RestoreThread(self.state);
            ffi::PyGILState_Release(self.gil);
        }
    }
}
