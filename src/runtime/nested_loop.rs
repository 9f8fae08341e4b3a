//! What becomes of a runtime whose threads wait for its futures while they poll others.

#[cfg(any(feature = "async-std-runtime", feature = "smol-runtime"))]
pub(crate) use threads::Threads;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// The error for a runtime that would wait for itself.
pub(crate) fn blocked(runtime: &str) -> PyErr {
    PyRuntimeError::new_err(format!(
        "{runtime} is polling a Rust future on this thread, and would wait for itself: call what waits, or runs an event \
         loop, on another thread"
    ))
}

#[cfg(any(feature = "async-std-runtime", feature = "smol-runtime"))]
mod threads {
    use std::env;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use pyo3::prelude::*;

    use super::blocked;

    /// The threads of a runtime that never has more of them.
    pub(crate) struct Threads {
        pub(crate) runtime: &'static str,
        /// The environment variable that the runtime takes their number from.
        pub(crate) variable: &'static str,
        /// Their number if the variable has none.
        pub(crate) default: fn() -> usize,
        /// How many of them wait.
        pub(crate) waiting: AtomicUsize,
    }

    impl Threads {
        /// Checks that one is left for others when this one waits.
        ///
        /// It is for the loops of Python, which are not counted themselves, since nobody tells of their end: as many of
        /// them as there are threads, all at once, wait for ever.
        ///
        /// # Errors
        ///
        /// Where none is: an error that says so.
        pub(crate) fn ensure_one_is_left(&self) -> PyResult<()> {
            self.check(self.waiting.load(Ordering::SeqCst) + 1)
        }

        /// Calls a function that waits, on one of them.
        ///
        /// # Errors
        ///
        /// Where none is left for others: an error that says so. The function is not called then.
        pub(crate) fn wait(&self, f: &mut dyn FnMut()) -> PyResult<()> {
            let waiting = Waiting(&self.waiting);
            self.check(self.waiting.fetch_add(1, Ordering::SeqCst) + 1)?;
            f();
            drop(waiting);
            Ok(())
        }

        fn check(&self, waiting: usize) -> PyResult<()> {
            if waiting < self.count() {
                Ok(())
            } else {
                Err(blocked(self.runtime))
            }
        }

        fn count(&self) -> usize {
            let set = env::var(self.variable).ok();
            set.and_then(|count| count.parse().ok())
                .unwrap_or_else(self.default)
        }
    }

    /// A thread that waits.
    struct Waiting<'a>(&'a AtomicUsize);

    impl Drop for Waiting<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
