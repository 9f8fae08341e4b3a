//! Whether the current thread is attached to Python.

pub(crate) use check::is_attached;

#[cfg(not(Py_LIMITED_API))]
mod check {
    #![expect(unsafe_code, reason = "pyo3 does not tell whether it is attached")]

    use pyo3::ffi;

    /// Whether this thread could call Python without waiting.
    pub(crate) fn is_attached() -> bool {
        // SAFETY: both may be called at any time; the second answers yes before there is an interpreter.
        unsafe { ffi::Py_IsInitialized() != 0 && ffi::PyGILState_Check() == 1 }
    }
}

#[cfg(Py_LIMITED_API)]
mod check {
    /// The stable ABI does not tell.
    pub(crate) fn is_attached() -> bool {
        false
    }
}
