//! The wake-ups of one event loop, each of which the loop watches with a drain of its own.
//!
//! One would do, but for loops that run within themselves, as `nest_asyncio` makes possible: a loop cannot call a reader
//! within itself, since asyncio's handle enters its context (`Handle._run`), which is entered already. So while one
//! drains, an idle one is notified, which is added when there is none. Loops that do not nest have two.
//!
//! Guarantees:
//! - A wake-up whose drain has begun is not notified before that drain has ended, as long as another one is idle.
//!
//! Nothing here knows of Python.

use std::io;
use std::sync::PoisonError;
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};

use super::wakeup::Wakeup;

/// Notifying happens under the lock, so that none comes late. The loop's thread alone adds readers.
pub(crate) struct Readers(Mutex<Vec<Reader>>);

struct Reader {
    wakeup: Wakeup,
    /// Its drain is under way, on the loop's thread.
    is_draining: bool,
}

impl Readers {
    /// Creates the first one; fails where the process has no file descriptors left.
    pub(crate) fn new() -> io::Result<Self> {
        let readers = Self(Mutex::new(Vec::new()));
        readers.add(Wakeup::new()?);
        Ok(readers)
    }

    /// Adds one, which the loop watches; its index is what [`Readers::begin`] has returned.
    pub(crate) fn add(&self, wakeup: Wakeup) {
        self.lock().push(Reader {
            wakeup,
            is_draining: false,
        });
    }

    /// The file descriptor to watch for reading, where there is one.
    pub(crate) fn fd(&self, index: usize) -> Option<i32> {
        self.lock().get(index)?.wakeup.fd()
    }

    /// Wakes the loop.
    pub(crate) fn notify(&self) {
        let readers = self.lock();
        if let Some(reader) = idle(&readers).or(readers.first()) {
            reader.wakeup.notify();
        }
    }

    /// Wakes a loop that runs within the drain under way, if it watches an idle wake-up.
    pub(crate) fn notify_nested(&self) {
        if let Some(reader) = idle(&self.lock()) {
            reader.wakeup.notify();
        }
    }

    /// Begins a drain, on the loop's thread; returns the index of the reader to add, if none is idle.
    pub(crate) fn begin(&self, index: usize) -> Option<usize> {
        let mut readers = self.lock();
        if let Some(reader) = readers.get_mut(index) {
            reader.is_draining = true;
            reader.wakeup.clear();
        }
        idle(&readers).is_none().then_some(readers.len())
    }

    /// Ends a drain, on the loop's thread. If it has announced items to an idle reader, takes that back.
    pub(crate) fn end(&self, index: usize, is_announced: bool) {
        let mut readers = self.lock();
        if let (true, Some(reader)) = (is_announced, idle(&readers)) {
            reader.wakeup.clear();
        }
        if let Some(reader) = readers.get_mut(index) {
            reader.is_draining = false;
        }
    }

    /// Takes a wake-up.
    pub(crate) fn clear(&self, index: usize) {
        if let Some(reader) = self.lock().get(index) {
            reader.wakeup.clear();
        }
    }

    #[cfg(loom)]
    pub(crate) fn is_readable(&self, index: usize) -> bool {
        let readers = self.lock();
        readers.get(index).is_some_and(|it| it.wakeup.is_readable())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Reader>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first reader whose drain is not under way.
fn idle(readers: &[Reader]) -> Option<&Reader> {
    readers.iter().find(|reader| !reader.is_draining)
}
