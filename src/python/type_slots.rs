//! C slots in place of those that pyo3 writes, for the classes that are awaited once per operation.
//!
//! pyo3 knows neither `am_send` (Python 3.10) nor `tp_finalize`, and its `__next__` can end only by making a StopIteration.
//! With these slots the last step passes its value on without an exception where CPython asks by `am_send`
//! (`PyIter_Send` in `Objects/abstract.c`: tasks, and `await` up to 3.11), and elsewhere sets the exception directly.
//! The methods of the same names stay pyo3's. Under the stable ABI the slots do too, since type objects cannot be written to
//! there.
//!
//! The slots are written once, before the first instance of the class is made, by the one thread that a `PyOnceLock` lets do
//! it. Only instances have their slots called, so that no other thread reads one meanwhile, without the GIL either.
//!
//! pyo3's `tp_dealloc` does not call `tp_finalize` either. Where an object acts on every end of its own, not only on that by
//! the garbage collector, a deallocator in front of pyo3's does.
//!
//! A slot attaches to Python as a method of pyo3's does, so that references are dropped at once. A panic becomes a
//! `RustPanic` and does not leave the slot.

#[cfg(not(Py_LIMITED_API))]
pub(crate) use finalizer::{HAS_FINALIZERS, install_finalizer, install_finalizer_of_all};
#[cfg(all(Py_3_10, not(Py_LIMITED_API)))]
pub(crate) use native::install;
#[cfg(any(not(Py_3_10), Py_LIMITED_API))]
pub(crate) use unchanged::install;
#[cfg(Py_LIMITED_API)]
pub(crate) use unchanged::{HAS_FINALIZERS, install_finalizer, install_finalizer_of_all};

use std::sync::OnceLock;

use pyo3::prelude::*;
use pyo3::{PyClass, ffi};

use crate::python::step::Step;

/// A class whose objects are awaited by stepping them.
pub(crate) trait Steps: PyClass {
    /// Steps the object. Only coroutines look at the value that is sent.
    fn step(slf: &Bound<'_, Self>, sent: &Bound<'_, PyAny>) -> PyResult<Step>;
}

/// A class whose objects have to be whole when they act on their end: the garbage collector clears what an object holds
/// (`tp_clear`) before it drops the object, and calls `tp_finalize` before either (PEP 442).
pub(crate) trait Finalize: PyClass {
    /// Acts on the end of an object that is garbage. Called at most once for an object.
    fn finalize(slf: &Bound<'_, Self>);
}

/// A class whose objects act on every end of theirs in `tp_finalize`, not only as garbage of the collector's.
#[cfg_attr(
    Py_LIMITED_API,
    expect(dead_code, reason = "the deallocator stays pyo3's")
)]
pub(crate) trait FinalizeAll: Finalize {
    /// Whether the object acts on its end, which is asked on the way to its deallocation.
    fn has_finalizer(slf: &Bound<'_, Self>) -> bool;

    /// The `tp_dealloc` that pyo3 has written for the class.
    fn dealloc_of_pyo3() -> &'static OnceLock<ffi::destructor>;
}

/// Attaches to Python in a slot.
#[cfg(not(Py_LIMITED_API))]
fn attach<T>(slot: impl FnOnce(Python<'_>) -> T) -> T {
    #![expect(unsafe_code, reason = "slots are C functions")]

    // SAFETY: the interpreter calls slots, on a thread that is attached to it.
    unsafe { Python::attach_unchecked(slot) }
}

#[cfg(not(Py_LIMITED_API))]
mod finalizer {
    #![expect(
        unsafe_code,
        reason = "slots are C functions, and type objects C structures"
    )]

    use pyo3::ffi;
    use pyo3::prelude::*;

    use super::{Finalize, FinalizeAll, attach};
    use crate::panic::catch_call;
    use crate::python::exceptions::stash;

    /// Whether finalizers are called.
    pub(crate) const HAS_FINALIZERS: bool = true;

    /// Sets `tp_finalize`. Call it once, before the first instance of the class is made.
    pub(crate) fn install_finalizer<T: Finalize>(py: Python<'_>) {
        let class = T::type_object_raw(py);
        // SAFETY: pyo3 has made the class on the heap, without a finalizer. It has no instances yet, so that nobody else reads
        // the slot, and nobody else writes it.
        unsafe {
            (*class).tp_finalize = Some(tp_finalize::<T>);
            ffi::PyType_Modified(class);
        }
    }

    /// Sets `tp_finalize`, and a `tp_dealloc` that calls it. Call it once, before the first instance of the class is made.
    pub(crate) fn install_finalizer_of_all<T: FinalizeAll>(py: Python<'_>) {
        let class = T::type_object_raw(py);
        // SAFETY: as in `install_finalizer`, pyo3 has made the class, and it has no instances yet.
        let dealloc = unsafe { (*class).tp_dealloc };
        T::dealloc_of_pyo3().get_or_init(|| dealloc.expect("pyo3 writes a tp_dealloc"));
        // SAFETY: as above. `tp_dealloc` finds pyo3's, which has just been kept.
        unsafe { (*class).tp_dealloc = Some(tp_dealloc::<T>) };
        install_finalizer::<T>(py);
    }

    /// `tp_dealloc`, in the order of `gen_dealloc` in `Objects/genobject.c`: an object that its finalizer has given away is
    /// kept.
    unsafe extern "C" fn tp_dealloc<T: FinalizeAll>(slf: *mut ffi::PyObject) {
        // SAFETY: the interpreter calls deallocators, on a thread that is attached to it.
        let py = unsafe { Python::assume_attached() };
        // SAFETY: CPython passes an instance of the class. It is whole until pyo3's deallocator is called, and a borrowed
        // reference leaves its reference count, which is 0, alone.
        let has_finalizer = unsafe {
            let slf = Borrowed::from_ptr(py, slf).cast_unchecked::<T>();
            T::has_finalizer(&slf)
        };
        // SAFETY: the object's reference count is 0, and its class has a finalizer, which is called once for an object.
        if has_finalizer && unsafe { ffi::PyObject_CallFinalizerFromDealloc(slf) } < 0 {
            return;
        }
        if let Some(dealloc) = T::dealloc_of_pyo3().get() {
            // SAFETY: it is the class's, and nobody has a reference to the object.
            unsafe { dealloc(slf) };
        }
    }

    /// `tp_finalize`.
    unsafe extern "C" fn tp_finalize<T: Finalize>(slf: *mut ffi::PyObject) {
        attach(|py| {
            // SAFETY: CPython passes an instance of the class.
            let slf = unsafe { Bound::from_borrowed_ptr(py, slf).cast_into_unchecked::<T>() };
            // The panic hook has printed a panic. A finalizer cannot raise.
            let _ = stash::call_without_exception(py, || catch_call(|| T::finalize(&slf)));
        });
    }
}

#[cfg(all(Py_3_10, not(Py_LIMITED_API)))]
mod native {
    #![expect(
        unsafe_code,
        reason = "slots are C functions, and type objects C structures"
    )]

    use std::ptr;

    use pyo3::exceptions::PyStopIteration;
    use pyo3::ffi;
    use pyo3::prelude::*;
    use pyo3::types::PyTuple;

    use super::{Steps, attach};
    use crate::err::catch_as_error;
    use crate::python::step::Step;

    /// Sets `tp_iternext` and `am_send`, and `am_await` where the class has `__await__`. Call it once, before the first instance of the class is made.
    pub(crate) fn install<T: Steps>(py: Python<'_>) {
        let class = T::type_object_raw(py);
        // SAFETY: pyo3 has made the class on the heap, where each class has both kinds of slots (`PyHeapTypeObject`). It has no
        // instances yet, so that nobody else reads the slots, and nobody else writes them.
        unsafe {
            (*class).tp_iternext = Some(tp_iternext::<T>);
            if let Some(slots) = (*class).tp_as_async.as_mut() {
                if slots.am_await.is_some() {
                    slots.am_await = Some(am_await);
                }
                slots.am_send = Some(am_send::<T>);
            }
            ffi::PyType_Modified(class);
        }
    }

    /// `am_await`: the object is its own iterator.
    unsafe extern "C" fn am_await(slf: *mut ffi::PyObject) -> *mut ffi::PyObject {
        // SAFETY: CPython passes a live object, and takes the new reference.
        unsafe { ffi::Py_NewRef(slf) }
    }

    /// `am_send`.
    unsafe extern "C" fn am_send<T: Steps>(
        slf: *mut ffi::PyObject,
        sent: *mut ffi::PyObject,
        result: *mut *mut ffi::PyObject,
    ) -> ffi::PySendResult {
        attach(|py| {
            // SAFETY: CPython passes an instance of the class, and what is sent.
            let stepped = unsafe { step::<T>(py, slf, sent) };
            let (object, kind) = match stepped {
                Ok(Step::Yielded(value)) => (value.into_ptr(), ffi::PySendResult::PYGEN_NEXT),
                Ok(Step::Returned(value)) => (value.into_ptr(), ffi::PySendResult::PYGEN_RETURN),
                Err(error) => {
                    error.restore(py);
                    (ptr::null_mut(), ffi::PySendResult::PYGEN_ERROR)
                }
            };
            // SAFETY: CPython passes a place for the result.
            unsafe { *result = object };
            kind
        })
    }

    /// `tp_iternext`.
    unsafe extern "C" fn tp_iternext<T: Steps>(slf: *mut ffi::PyObject) -> *mut ffi::PyObject {
        attach(|py| {
            // SAFETY: CPython passes an instance of the class; None lives for ever.
            match unsafe { step::<T>(py, slf, ffi::Py_None()) } {
                Ok(Step::Yielded(value)) => value.into_ptr(),
                Ok(Step::Returned(value)) => {
                    set_stop_iteration(py, value);
                    ptr::null_mut()
                }
                Err(error) => {
                    error.restore(py);
                    ptr::null_mut()
                }
            }
        })
    }

    /// # Safety
    ///
    /// Both are live objects, and the first is an instance of `T`.
    unsafe fn step<T: Steps>(
        py: Python<'_>,
        slf: *mut ffi::PyObject,
        sent: *mut ffi::PyObject,
    ) -> PyResult<Step> {
        // SAFETY: the caller passes live objects, the first of which is an instance of `T`. They stay alive during the
        // call, since CPython holds references to the arguments of a slot.
        let (slf, sent) = unsafe {
            let slf = Bound::from_borrowed_ptr(py, slf).cast_into_unchecked::<T>();
            (slf, Bound::from_borrowed_ptr(py, sent))
        };
        catch_as_error(|| T::step(&slf, &sent))
    }

    /// Ends an iterator with a value, as a generator does that returns (`_PyGen_SetStopIterationValue`).
    fn set_stop_iteration(py: Python<'_>, value: Py<PyAny>) {
        if value.is_none(py) {
            // A null without an exception is StopIteration(None) to callers of `tp_iternext`.
            return;
        }
        let value = value.into_bound(py);
        if value.is_instance_of::<PyTuple>()
            || value.is_instance_of::<pyo3::exceptions::PyBaseException>()
        {
            // `PyErr_SetObject` would call StopIteration with the items of a tuple, and take an exception for the one to
            // raise.
            PyStopIteration::new_err((value.unbind(),)).restore(py);
            return;
        }
        // SAFETY: the thread is attached and both objects are alive. The call takes references of its own.
        unsafe { ffi::PyErr_SetObject(ffi::PyExc_StopIteration, value.as_ptr()) };
    }
}

#[cfg(any(not(Py_3_10), Py_LIMITED_API))]
mod unchanged {
    use pyo3::prelude::*;

    /// Leaves the slots to pyo3.
    pub(crate) fn install<T: super::Steps>(_py: Python<'_>) {}

    /// Leaves the class without a finalizer.
    #[cfg(Py_LIMITED_API)]
    pub(crate) fn install_finalizer<T: super::Finalize>(_py: Python<'_>) {}

    /// Leaves the class without a finalizer.
    #[cfg(Py_LIMITED_API)]
    pub(crate) fn install_finalizer_of_all<T: super::FinalizeAll>(_py: Python<'_>) {}

    /// Whether finalizers are called.
    #[cfg(Py_LIMITED_API)]
    pub(crate) const HAS_FINALIZERS: bool = false;
}
