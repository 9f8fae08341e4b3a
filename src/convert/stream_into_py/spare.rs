//! The awaitable that brought the last item, kept for the next one.
//!
//! A generator would make one for each item and free it right after. CPython keeps those of its own generators for the
//! same reason (`ag_asend_freelist`).

#![cfg_attr(
    not(Py_GIL_DISABLED),
    expect(unsafe_code, reason = "pyo3 has no safe way to count references")
)]

use pyo3::prelude::*;

use crate::convert::stream_into_py::anext::Anext;

/// At most one awaitable, which is finished.
#[derive(Default)]
pub(crate) struct Spare(Option<Py<Anext>>);

impl Spare {
    /// Keeps an awaitable; the one before it is returned, to be dropped outside of any lock.
    pub(crate) fn keep(&mut self, anext: Py<Anext>) -> Option<Py<Anext>> {
        self.0.replace(anext)
    }

    /// Takes it out.
    pub(crate) fn take(&mut self) -> Option<Py<Anext>> {
        self.0.take()
    }
}

/// Whether this is the only reference to an object, so that it may become another one.
#[cfg(not(Py_GIL_DISABLED))]
pub(crate) fn is_unshared(_py: Python<'_>, anext: &Py<Anext>) -> bool {
    // SAFETY: the object is alive, and this thread has the GIL, so nobody else counts its references meanwhile.
    unsafe { pyo3::ffi::Py_REFCNT(anext.as_ptr()) == 1 }
}

/// Without the GIL other threads count references of their own.
#[cfg(Py_GIL_DISABLED)]
pub(crate) fn is_unshared(_py: Python<'_>, _anext: &Py<Anext>) -> bool {
    false
}
