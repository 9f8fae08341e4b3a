//! What surrounds the code of a task: nothing, unless the test harness has a say.
//!
//! With it, what a Rust future or stream prints belongs to the test whose code converted it, also when a thread of the
//! runtime polls it. Without the feature `testing` there is nothing to find, and nothing to keep with a task.

#[cfg(feature = "testing")]
pub(crate) use instrumented::{Instrument, Instrumentation, set_finder};
#[cfg(not(feature = "testing"))]
pub(crate) use plain::Instrumentation;

#[cfg(feature = "testing")]
mod instrumented {
    use std::sync::{Arc, OnceLock};

    use pyo3::prelude::*;

    /// Runs code as part of something.
    pub(crate) trait Instrument: Send + Sync {
        /// Calls the function, once.
        fn run(&self, work: &mut dyn FnMut());
    }

    /// The instrumentation of one task.
    #[derive(Clone, Default)]
    pub(crate) struct Instrumentation(Option<Arc<dyn Instrument>>);

    /// Finds out what the code that runs just now is part of; without Python, as far as its thread knows.
    pub(crate) type Finder = fn(Option<Python<'_>>) -> Option<Arc<dyn Instrument>>;

    static FINDER: OnceLock<Finder> = OnceLock::new();

    /// Has tasks surrounded from now on; the first call counts.
    pub(crate) fn set_finder(find: Finder) {
        let _ = FINDER.set(find);
    }

    impl Instrumentation {
        /// Those of the code that runs just now.
        pub(crate) fn current(py: Python<'_>) -> Self {
            Self(FINDER.get().and_then(|find| find(Some(py))))
        }

        /// Those that this thread knows of.
        pub(crate) fn of_thread() -> Self {
            Self(FINDER.get().and_then(|find| find(None)))
        }

        /// Calls a function within them.
        pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
            let Some(instrument) = &self.0 else {
                return work();
            };
            let (mut work, mut output) = (Some(work), None);
            instrument.run(&mut || output = work.take().map(|work| work()));
            output.expect("instrumentation call what they are given")
        }
    }
}

#[cfg(not(feature = "testing"))]
mod plain {
    use pyo3::prelude::*;

    /// The instrumentation of one task, which has none.
    #[derive(Clone, Default)]
    pub(crate) struct Instrumentation(());

    impl Instrumentation {
        /// Those of the code that runs just now.
        pub(crate) fn current(_py: Python<'_>) -> Self {
            Self(())
        }

        /// Those that this thread knows of.
        pub(crate) fn of_thread() -> Self {
            Self(())
        }

        /// Calls a function.
        pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
            work()
        }
    }
}
