//! What is pending on a hub, and has to be told when the loop closes first.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, Weak};

use crate::bridge::event_loop::hub::{Deliver, Hub};

/// No place.
const NONE: usize = usize::MAX;

/// Something's place among what is pending on a hub; given up when dropped.
pub(crate) struct Registration {
    hub: Arc<Hub>,
    key: AtomicUsize,
}

impl Registration {
    /// Of something that has not been entered yet.
    pub(crate) fn new(hub: Arc<Hub>) -> Self {
        Self {
            hub,
            key: AtomicUsize::new(NONE),
        }
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// Enters something, once, that has to be discarded if the loop closes first; false if it is closed already.
    pub(crate) fn enter(&self, item: Weak<dyn Deliver>) -> bool {
        let mut pending = self
            .hub
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(pending) = &mut *pending else {
            return false;
        };
        self.key.store(pending.insert(item), Ordering::Relaxed);
        true
    }

    /// Gives the place up, if there is one.
    pub(crate) fn give_up(&self) {
        let key = self.key.swap(NONE, Ordering::Relaxed);
        if key == NONE || self.hub.is_inherited() {
            return;
        }
        let mut pending = self
            .hub
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let item = pending.as_mut().and_then(|pending| pending.try_remove(key));
        drop(pending);
        drop(item);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.give_up();
    }
}
