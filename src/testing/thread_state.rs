//! Python's state of the thread that a test runs on.

#![expect(
    unsafe_code,
    reason = "pyo3 keeps a thread's state only while it is attached"
)]

use pyo3::ffi;

/// Keeps Python's state of this thread for the whole test, between the times when it is attached.
///
/// So `threading.local` holds across the awaits of a test, and attaching anew makes no new state,
/// which would take longer than all else that attaching does.
pub(super) struct ThreadState {
    gil: ffi::PyGILState_STATE,
    state: *mut ffi::PyThreadState,
}

impl ThreadState {
    /// Waits until this thread can be attached to Python, and detaches it. Called first thing on the test's thread,
    /// while it is not attached.
    pub(super) fn keep() -> Self {
        // SAFETY: `PyGILState_Ensure` needs an initialized interpreter: tests start after that, and the harness never
        // finalizes Python, also while abandoned threads of tests go on. `PyEval_SaveThread` needs an attached thread,
        // which the first call has made of this one.
        unsafe {
            let gil = ffi::PyGILState_Ensure();
            let state = ffi::PyEval_SaveThread();
            Self { gil, state }
        }
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
