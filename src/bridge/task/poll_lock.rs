//! The lock that a future is polled under.
//!
//! Guarantees:
//! - Whoever sets a flag and then finds it locked, has the flag seen by whoever unlocked it after a poll that ended
//!   pending, and reads the flag then.
//!
//! Nothing here knows of Python.

#[cfg(not(loom))]
use std::sync::atomic::{Ordering, fence};
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};
use std::sync::{PoisonError, TryLockError};

#[cfg(loom)]
use loom::sync::atomic::{Ordering, fence};
#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};

pub(crate) struct PollLock<T>(Mutex<T>);

/// The future is being polled: whoever does that has to act.
pub(crate) struct BeingPolled;

impl<T> PollLock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    /// Waits for the poll that may be under way.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        // Panics of user code are caught before they pass the guard.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn try_lock(&self) -> Result<MutexGuard<'_, T>, BeingPolled> {
        // With the one below: an attempt that fails and an unlocking are not ordered by themselves.
        fence(Ordering::SeqCst);
        match self.0.try_lock() {
            Ok(guard) => Ok(guard),
            Err(TryLockError::Poisoned(guard)) => Ok(guard.into_inner()),
            Err(TryLockError::WouldBlock) => Err(BeingPolled),
        }
    }
}

/// Unlocks after a poll that ended pending.
pub(crate) fn unlock_pending<T>(guard: MutexGuard<'_, T>) {
    drop(guard);
    fence(Ordering::SeqCst);
}
