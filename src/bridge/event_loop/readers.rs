//! The wake-ups of one event loop.
//!
//! A loop cannot call a reader within itself: asyncio's handle enters its context, which is entered already. So while
//! one drains, and user code that it calls may run the loop again (as `nest_asyncio` makes possible), another one is
//! notified.
//!
//! Guarantees:
//! - A wake-up whose drain has begun is not notified before that drain has ended, as long as there is a spare one.

use std::io;
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};
use std::sync::{OnceLock, PoisonError};

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};

use super::wakeup::Wakeup;

/// How many drains may be under way within each other before the innermost has to wait for the one around it.
const DEPTH: usize = 16;

pub(crate) struct Readers {
    wakeups: [OnceLock<Wakeup>; DEPTH],
    /// Bit `n` says that the drain of wake-up `n` is under way. Notifying happens under the lock, so that none comes
    /// late.
    draining: Mutex<u16>,
}

impl Readers {
    /// Creates the first one; fails where the process has no file descriptors left.
    pub(crate) fn new() -> io::Result<Self> {
        let readers = Self {
            wakeups: [const { OnceLock::new() }; DEPTH],
            draining: Mutex::new(0),
        };
        readers.set(0, Wakeup::new()?);
        Ok(readers)
    }

    /// Adds one, which the loop watches.
    pub(crate) fn set(&self, reader: usize, wakeup: Wakeup) {
        if let Some(place) = self.wakeups.get(reader) {
            // Only the loop's thread adds, so it is empty.
            let _ = place.set(wakeup);
        }
    }

    /// The file descriptor to watch for reading, where there is one.
    pub(crate) fn fd(&self, reader: usize) -> Option<i32> {
        self.wakeups.get(reader)?.get()?.fd()
    }

    /// Wakes the loop.
    pub(crate) fn notify(&self) {
        let draining = self.lock();
        let spare = draining.trailing_ones() as usize;
        let wakeup = self.wakeups.get(spare).and_then(OnceLock::get);
        if let Some(wakeup) = wakeup.or_else(|| self.wakeups[0].get()) {
            wakeup.notify();
        }
    }

    /// Wakes a loop that runs within the drain under way, if it watches a spare wake-up.
    pub(crate) fn notify_spare(&self) {
        let draining = self.lock();
        let spare = draining.trailing_ones() as usize;
        if let Some(wakeup) = self.wakeups.get(spare).and_then(OnceLock::get) {
            wakeup.notify();
        }
    }

    /// Begins a drain; returns the place of the spare wake-up, if that has to be added.
    pub(crate) fn begin(&self, reader: usize) -> Option<usize> {
        let mut draining = self.lock();
        *draining |= 1 << reader;
        self.clear(reader);
        let spare = draining.trailing_ones() as usize;
        let is_missing = self.wakeups.get(spare)?.get().is_none();
        is_missing.then_some(spare)
    }

    /// Ends a drain, and takes back what woke those that were to come within it.
    pub(crate) fn end(&self, reader: usize, is_announced: bool) {
        let mut draining = self.lock();
        if is_announced {
            let spare = draining.trailing_ones() as usize;
            self.clear(spare);
        }
        *draining &= !(1 << reader);
    }

    /// Takes a wake-up.
    pub(crate) fn clear(&self, reader: usize) {
        if let Some(wakeup) = self.wakeups.get(reader).and_then(OnceLock::get) {
            wakeup.clear();
        }
    }

    #[cfg(loom)]
    pub(crate) fn is_readable(&self, reader: usize) -> bool {
        let wakeup = self.wakeups.get(reader).and_then(OnceLock::get);
        wakeup.is_some_and(Wakeup::is_readable)
    }

    fn lock(&self) -> MutexGuard<'_, u16> {
        self.draining.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
