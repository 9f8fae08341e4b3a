//! Notices a fork of the process, in whose child no thread of a runtime or of the bridge lives any more.

#[cfg(unix)]
pub(crate) use unix::generation;

use std::sync::atomic::{AtomicU32, Ordering};

use super::{dispatcher, hubs};

/// The generation of the process that the bridge's state belongs to.
static KNOWN: AtomicU32 = AtomicU32::new(0);

/// Forgets, in a forked child, what belongs to the parent's threads; its loops and futures are left alone.
pub(super) fn notice() {
    let now = generation();
    if KNOWN.swap(now, Ordering::Relaxed) != now {
        hubs::forget_all();
        dispatcher::forget_threads();
    }
}

#[cfg(unix)]
mod unix {
    #![expect(unsafe_code, reason = "the standard library does not tell of forks")]

    use std::sync::Once;
    use std::sync::atomic::{AtomicU32, Ordering};

    use crate::bridge::polling;

    static GENERATION: AtomicU32 = AtomicU32::new(0);

    /// How many forks lie between this process and the one that asked first.
    pub(crate) fn generation() -> u32 {
        static REGISTER: Once = Once::new();
        REGISTER.call_once(|| {
            // SAFETY: the handlers do not unwind, and the child's only stores to atomics.
            // It fails only where there is no memory; forks are not noticed then.
            unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
        });
        GENERATION.load(Ordering::Relaxed)
    }

    extern "C" fn before() {
        polling::pause();
    }

    extern "C" fn in_parent() {
        polling::resume();
    }

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        polling::restart();
    }
}

/// Processes do not fork here.
#[cfg(not(unix))]
pub(crate) fn generation() -> u32 {
    0
}
