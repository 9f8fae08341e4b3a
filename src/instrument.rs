//! The instrumentation of a task: code that the test harness runs around every poll and drop of the task's future.
//!
//! With it, output of a Rust future or stream belongs to the test whose code converted it, also when a thread of the
//! runtime polls it. A task keeps the instrumentation of the code that made it. Without the feature `testing` the types
//! are empty, and all of this compiles to nothing.

#[cfg(feature = "testing")]
pub(crate) use instrumented::{Instrument, Instrumentation, set_finder};
#[cfg(not(feature = "testing"))]
pub(crate) use plain::Instrumentation;

#[cfg(feature = "testing")]
mod instrumented {
    use std::sync::{Arc, OnceLock};

    use pyo3::prelude::*;

    /// Runs code with the thread prepared for it, and restores the thread.
    pub(crate) trait Instrument: Send + Sync {
        /// Calls the function once, on this thread.
        fn run(&self, work: &mut dyn FnMut());
    }

    /// The instrumentation of one task; none where no test runs.
    #[derive(Clone, Default)]
    pub(crate) struct Instrumentation(Option<Arc<dyn Instrument>>);

    /// Returns the instrumentation of the code that runs on this thread. With Python it may look at context variables,
    /// without at thread-locals only.
    pub(crate) type Finder = fn(Option<Python<'_>>) -> Option<Arc<dyn Instrument>>;

    static FINDER: OnceLock<Finder> = OnceLock::new();

    /// Has tasks instrumented from now on; the first call counts.
    pub(crate) fn set_finder(find: Finder) {
        let _ = FINDER.set(find);
    }

    impl Instrumentation {
        /// Returns that of the code that runs on this thread.
        pub(crate) fn current(py: Python<'_>) -> Self {
            Self(FINDER.get().and_then(|find| find(Some(py))))
        }

        /// Returns that of the code that runs on this thread, without Python.
        pub(crate) fn of_thread() -> Self {
            Self(FINDER.get().and_then(|find| find(None)))
        }

        /// Calls a function inside the instrumentation.
        pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
            let Some(instrument) = &self.0 else {
                return work();
            };
            let (mut work, mut output) = (Some(work), None);
            instrument.run(&mut || output = work.take().map(|work| work()));
            output.expect("an instrument calls its function")
        }
    }
}

#[cfg(not(feature = "testing"))]
mod plain {
    use pyo3::prelude::*;

    /// The instrumentation of one task: none.
    #[derive(Clone, Default)]
    pub(crate) struct Instrumentation(());

    impl Instrumentation {
        /// Returns that of the code that runs on this thread.
        pub(crate) fn current(_py: Python<'_>) -> Self {
            Self(())
        }

        /// Returns that of the code that runs on this thread, without Python.
        pub(crate) fn of_thread() -> Self {
            Self(())
        }

        /// Calls a function.
        pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
            work()
        }
    }
}
