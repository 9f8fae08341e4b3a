//! Notices a fork of the process, in whose child no thread of a runtime or of the bridge lives any more.

#[cfg(all(unix, feature = "tokio-runtime"))]
pub(crate) use unix::lock_while_forking;
#[cfg(unix)]
pub(crate) use unix::{generation, is_gone};

#[cfg(unix)]
mod unix {
    #![expect(unsafe_code, reason = "the standard library does not tell of forks")]

    use std::cell::Cell;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Once, OnceLock};

    use crate::bridge::event_loop::registry;
    use crate::bridge::lifecycle::in_flight;

    static GENERATION: AtomicU32 = AtomicU32::new(0);

    thread_local! {
        /// The locks of the bridge that last longer than a loop, while this thread forks.
        static HELD: Cell<Option<Locks>> = const { Cell::new(None) };
    }

    type Locks = (std::sync::MutexGuard<'static, ()>, registry::Lock);

    fn lock_all() -> Locks {
        (in_flight::lock(), registry::lock())
    }

    /// Takes locks of the layers above, and gives them back.
    static ABOVE: OnceLock<(fn(), fn())> = OnceLock::new();

    /// Has `lock` called before each fork, after the bridge has taken its own locks, and `unlock` after it, in the parent
    /// and in the child; on the thread that forks. The first call counts.
    #[cfg_attr(
        not(feature = "tokio-runtime"),
        expect(dead_code, reason = "only tokio's runtime is built anew after a fork")
    )]
    pub(crate) fn lock_while_forking(lock: fn(), unlock: fn()) {
        let _ = ABOVE.set((lock, unlock));
        generation();
    }

    /// How many forks lie between this process and the one that asked first.
    #[inline]
    pub(crate) fn generation() -> u32 {
        static REGISTER: Once = Once::new();
        REGISTER.call_once(|| {
            // SAFETY: the handlers do not unwind, and the child's only stores to atomics and gives back locks.
            // It fails only where there is no memory; forks are not noticed then.
            unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
        });
        GENERATION.load(Ordering::Relaxed)
    }

    /// Whether a process has ended, and been waited for.
    pub(crate) fn is_gone(process: u32) -> bool {
        let Ok(process) = libc::pid_t::try_from(process) else {
            return false;
        };
        // SAFETY: no pointers; the signal 0 is not sent, only checked.
        let answer = unsafe { libc::kill(process, 0) };
        answer != 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH)
    }

    extern "C" fn before() {
        in_flight::pause();
        // Or the child finds one in the hands of a thread that it does not have.
        let locks = lock_all();
        // It fails in a thread that is ending, which then forks without.
        let _ = HELD.try_with(|held| held.set(Some(locks)));
        if let Some((lock, _)) = ABOVE.get() {
            lock();
        }
    }

    extern "C" fn in_parent() {
        unlock_all();
        in_flight::resume();
    }

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        in_flight::restart();
        unlock_all();
    }

    fn unlock_all() {
        if let Some((_, unlock)) = ABOVE.get() {
            unlock();
        }
        let _ = HELD.try_with(Cell::take);
    }

    #[cfg(test)]
    mod tests {
        use super::{generation, lock_all};
        use std::sync::atomic::{AtomicBool, Ordering};
        use std::thread;

        #[test]
        fn a_child_finds_every_lock_free() {
            drop(lock_all());
            generation();
            let done = AtomicBool::new(false);
            let all_free = thread::scope(|scope| {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        drop(lock_all());
                    }
                });
                let all_free = (0..100).all(|_| is_free_in_a_child());
                done.store(true, Ordering::Relaxed);
                all_free
            });
            assert!(all_free);
        }

        fn is_free_in_a_child() -> bool {
            // SAFETY: the child takes locks, allocates nothing, and ends without running anything else.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: neither call takes pointers. The signal's action is the default one.
                unsafe { libc::alarm(5) };
                drop(lock_all());
                // SAFETY: as above.
                unsafe { libc::_exit(0) };
            }
            let mut status = -1;
            // SAFETY: the pointer is to the integer above.
            unsafe { libc::waitpid(child, &raw mut status, 0) == child && status == 0 }
        }
    }
}

#[cfg(all(not(unix), feature = "tokio-runtime"))]
pub(crate) use elsewhere::lock_while_forking;
#[cfg(not(unix))]
pub(crate) use elsewhere::{generation, is_gone};

/// Where processes do not fork.
#[cfg(not(unix))]
mod elsewhere {
    pub(crate) fn generation() -> u32 {
        0
    }

    #[cfg_attr(
        not(feature = "tokio-runtime"),
        expect(dead_code, reason = "only tokio's runtime is built anew after a fork")
    )]
    pub(crate) fn lock_while_forking(_lock: fn(), _unlock: fn()) {}

    pub(crate) fn is_gone(_process: u32) -> bool {
        false
    }
}
