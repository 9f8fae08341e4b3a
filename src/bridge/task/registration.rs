//! Entries in a hub's list of items that are pending on its loop, which are discarded if the loop closes first.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, Weak};

use crate::bridge::event_loop::hub::{Deliver, Hub};

impl Hub {
    /// Enters an item, which is discarded if the loop closes first; `None` if it is closed already.
    pub(crate) fn register(&self, item: Weak<dyn Deliver>) -> Option<usize> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.as_mut().map(|pending| pending.insert(item))
    }

    /// Takes an item out by the key that [`Hub::register`] gave it.
    pub(crate) fn unregister(&self, key: usize) {
        if self.is_inherited() {
            return;
        }
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let item = pending.as_mut().and_then(|pending| pending.try_remove(key));
        drop(pending);
        drop(item);
    }
}

/// No key.
const NO_KEY: usize = usize::MAX;

/// An entry of what belongs to a loop for as long as it is pending; taken out when dropped.
pub(crate) struct Registration {
    hub: Arc<Hub>,
    /// Written once before the item is shared, and taken once.
    key: AtomicUsize,
}

impl Registration {
    /// Creates the registration of an item that has not been entered yet.
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            key: AtomicUsize::new(NO_KEY),
        }
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Enters the item, once; false if the loop is closed already.
    pub(crate) fn enter(&self, item: Weak<dyn Deliver>) -> bool {
        let key = self.hub.register(item);
        self.key.store(key.unwrap_or(NO_KEY), Ordering::Relaxed);
        key.is_some()
    }

    /// Takes the item out, if it is there.
    pub(crate) fn give_up(&self) {
        let key = self.key.swap(NO_KEY, Ordering::Relaxed);
        if key != NO_KEY {
            self.hub.unregister(key);
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.give_up();
    }
}
