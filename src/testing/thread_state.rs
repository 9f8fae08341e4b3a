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
    /// Waits until this thread can be attached to Python, and detaches it.
    pub(super) fn keep() -> Self {
        // SAFETY: the interpreter runs as long as tests do; the thread is detached, which is what the
        // second call is for: it takes back what the first did.
        unsafe {
            let gil = ffi::PyGILState_Ensure();
            let state = ffi::PyEval_SaveThread();
            Self { gil, state }
        }
    }
}

impl Drop for ThreadState {
    fn drop(&mut self) {
        // SAFETY: this thread has kept the state since `keep`, and is detached again; the guard cannot
        // have been sent elsewhere, as it holds a pointer.
        unsafe {
            ffi::PyEval_RestoreThread(self.state);
            ffi::PyGILState_Release(self.gil);
        }
    }
}
