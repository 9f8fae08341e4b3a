//! Counts what is dropped.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use pyo3::prelude::*;

use crate::python::function;

/// Counts how many of its guards have been dropped.
#[derive(Clone, Default)]
pub(crate) struct Drops(Arc<(Mutex<usize>, Condvar)>);

impl Drops {
    pub(crate) fn count(&self) -> usize {
        *self.0.0.lock().unwrap()
    }

    /// Waits, detached from Python, until there were so many.
    pub(crate) fn wait_for(&self, py: Python<'_>, count: usize) {
        let (drops, changed) = &*self.0;
        py.detach(|| {
            let limit = Duration::from_secs(10);
            let waited =
                changed.wait_timeout_while(drops.lock().unwrap(), limit, |drops| *drops < count);
            assert_eq!(*waited.unwrap().0, count);
        });
    }

    pub(crate) fn guard(&self) -> DropGuard {
        DropGuard(self.clone())
    }

    /// A function that tells Python the count.
    pub(crate) fn function<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let drops = self.clone();
        function(py, move |py| {
            Ok(drops.count().into_pyobject(py)?.into_any())
        })
    }
}

pub(crate) struct DropGuard(Drops);

impl Drop for DropGuard {
    fn drop(&mut self) {
        let (drops, changed) = &*self.0.0;
        *drops.lock().unwrap() += 1;
        changed.notify_all();
    }
}
