//! What surrounds the code of a task: nothing, unless the test harness has a say.
//!
//! With it, what a Rust future or stream prints belongs to the test whose code converted it, also when a thread of the
//! runtime polls it. Without the feature `testing` there is nothing to find, and nothing to keep with a task.

#[cfg(not(feature = "testing"))]
pub(crate) use nothing::Surroundings;
#[cfg(feature = "testing")]
pub(crate) use something::{Surround, Surroundings, find_by};

#[cfg(feature = "testing")]
mod something {
    use std::sync::{Arc, OnceLock};

    use pyo3::prelude::*;

    /// Runs code as part of something.
    pub(crate) trait Surround: Send + Sync {
        /// Calls the function, once.
        fn run(&self, work: &mut dyn FnMut());
    }

    /// The surroundings of one task.
    #[derive(Clone, Default)]
    pub(crate) struct Surroundings(Option<Arc<dyn Surround>>);

    /// Finds out what the code that runs just now is part of; without Python, as far as its thread knows.
    pub(crate) type Find = fn(Option<Python<'_>>) -> Option<Arc<dyn Surround>>;

    static FIND: OnceLock<Find> = OnceLock::new();

    /// Has tasks surrounded from now on; the first call counts.
    pub(crate) fn find_by(find: Find) {
        let _ = FIND.set(find);
    }

    impl Surroundings {
        /// Those of the code that runs just now.
        pub(crate) fn current(py: Python<'_>) -> Self {
            Self(FIND.get().and_then(|find| find(Some(py))))
        }

        /// Those that this thread knows of.
        pub(crate) fn of_thread() -> Self {
            Self(FIND.get().and_then(|find| find(None)))
        }

        /// Calls a function within them.
        pub(crate) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
            let Some(surround) = &self.0 else {
                return work();
            };
            let (mut work, mut output) = (Some(work), None);
            surround.run(&mut || output = work.take().map(|work| work()));
            output.expect("surroundings call what they are given")
        }
    }
}

#[cfg(not(feature = "testing"))]
mod nothing {
    use pyo3::prelude::*;

    /// The surroundings of one task, which has none.
    #[derive(Clone, Default)]
    pub(crate) struct Surroundings(());

    impl Surroundings {
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
