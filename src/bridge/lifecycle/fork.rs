//! Notices a fork of the process, in whose child no thread of a runtime or of the bridge lives any more.
//!
//! | step of `fork` | on which thread | what happens |
//! | --- | --- | --- |
//! | before | the one that forks | other threads stop polling (`in_flight::pause`); process-wide locks are taken |
//! | after, in the parent | the same one | the locks are given back, and polls go on |
//! | after, in the child | its only one | the generation goes up; the locks are given back; its own polls count |
//!
//! Without that, a child could find a lock in the hands of a thread that it does not have, and wait for ever. Only locks
//! that outlive an event loop are taken: what belongs to a loop of the parent is not used in the child (see `inherited`).

#[cfg(not(unix))]
pub(crate) use elsewhere::{generation, hold_over_forks, is_gone};
#[cfg(unix)]
pub(crate) use unix::{generation, hold_over_forks, is_gone};

use std::any::Any;

/// Takes a lock and returns its guard.
pub(crate) type Lock = fn() -> Box<dyn Any>;

#[cfg(unix)]
mod unix {
    #![expect(unsafe_code, reason = "the standard library does not tell of forks")]

    use std::any::Any;
    use std::cell::Cell;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Mutex, MutexGuard, Once, PoisonError};

    use super::Lock;
    use crate::bridge::lifecycle::calls;
    use crate::bridge::lifecycle::in_flight;

    static GENERATION: AtomicU32 = AtomicU32::new(0);

    /// The process-wide locks, in the order in which a fork takes them.
    static LOCKS: Mutex<Vec<Lock>> = Mutex::new(Vec::new());

    thread_local! {
        /// The guards of all of them while this thread forks.
        static GUARDS: Cell<Option<Guards>> = const { Cell::new(None) };
    }

    /// Fields are dropped in this order: a lock is given back before those that were taken before it.
    struct Guards {
        _locks: Vec<Box<dyn Any>>,
        _list: MutexGuard<'static, Vec<Lock>>,
        _in_flight: MutexGuard<'static, ()>,
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

    /// Has a lock held while the process forks. Call it once for each, before the lock is first used; whoever has the
    /// lock must not take another one of these.
    pub(crate) fn hold_over_forks(lock: Lock) {
        list().push(lock);
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
        let guards = lock_all();
        // It fails in a thread that is ending, which then forks without.
        let _ = GUARDS.try_with(|slot| slot.set(Some(guards)));
    }

    extern "C" fn in_parent() {
        unlock_all();
        in_flight::resume();
    }

    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
        in_flight::restart();
        calls::restart();
        unlock_all();
    }

    fn lock_all() -> Guards {
        let (in_flight, list) = (in_flight::lock(), list());
        Guards {
            _locks: list.iter().map(|lock| lock()).collect(),
            _list: list,
            _in_flight: in_flight,
        }
    }

    fn unlock_all() {
        let _ = GUARDS.try_with(Cell::take);
    }

    fn list() -> MutexGuard<'static, Vec<Lock>> {
        LOCKS.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    mod tests {
        use super::{generation, hold_over_forks, lock_all};
        use std::sync::atomic::{AtomicBool, Ordering};
        use std::sync::{Mutex, PoisonError};
        use std::thread;

        static LOCK: Mutex<()> = Mutex::new(());

        #[test]
        fn a_child_finds_every_lock_free() {
            hold_over_forks(|| Box::new(LOCK.lock().unwrap_or_else(PoisonError::into_inner)));
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
            // SAFETY: the child takes locks, and ends without running anything else.
            let child = unsafe { libc::fork() };
            if child == 0 {
                // SAFETY: it takes no pointers. The signal's action is the default one.
                unsafe { libc::alarm(5) };
                drop(lock_all());
                // SAFETY: it takes no pointers, and ends this process alone.
                unsafe { libc::_exit(0) };
            }
            let mut status = -1;
            // SAFETY: the pointer is to the integer above.
            unsafe { libc::waitpid(child, &raw mut status, 0) == child && status == 0 }
        }
    }
}

/// Where processes do not fork.
#[cfg(not(unix))]
mod elsewhere {
    use super::Lock;

    pub(crate) fn generation() -> u32 {
        0
    }

    pub(crate) fn hold_over_forks(_lock: Lock) {}

    pub(crate) fn is_gone(_process: u32) -> bool {
        false
    }
}
