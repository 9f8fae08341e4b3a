//! Entries in a hub's list of items that are pending on its loop, which are discarded if the loop closes first.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use pyo3::prelude::*;

use crate::bridge::event_loop::hub::{Deliver, Hub, PendingItem};

impl Hub {
    /// Enters an item, which is discarded if the loop closes first, with the object that it needs for its end. `None` if the
    /// loop is closed already.
    pub(crate) fn register(
        &self,
        item: Weak<dyn Deliver>,
        object: Bound<'_, PyAny>,
    ) -> Option<usize> {
        let object = Some(object.unbind());
        let mut pending = self.lock_pending();
        let pending = pending.as_mut()?;
        Some(pending.insert(PendingItem { item, object }))
    }

    /// Takes an item out by the key that [`Hub::register`] gave it; returns its object.
    pub(crate) fn unregister(&self, key: usize) -> Option<Py<PyAny>> {
        if self.is_inherited() {
            return None;
        }
        let mut pending = self.lock_pending();
        let item = pending.as_mut()?.try_remove(key);
        drop(pending);
        item?.object
    }

    /// Replaces the object of an item; returns the one before, or the new one where the item is not there any more.
    pub(crate) fn replace_object(
        &self,
        key: usize,
        object: Option<Py<PyAny>>,
    ) -> Option<Py<PyAny>> {
        if self.is_inherited() {
            return object;
        }
        match self.lock_pending().as_mut().and_then(|it| it.get_mut(key)) {
            Some(pending) => std::mem::replace(&mut pending.object, object),
            None => object,
        }
    }

    fn object(&self, py: Python<'_>, key: usize) -> Option<Py<PyAny>> {
        if self.is_inherited() {
            return None;
        }
        let pending = self.lock_pending();
        let object = pending.as_ref()?.get(key)?.object.as_ref()?;
        Some(object.clone_ref(py))
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

    /// Enters the item, once, with the object that it needs; false if the loop is closed already.
    pub(crate) fn enter(&self, item: Weak<dyn Deliver>, object: Bound<'_, PyAny>) -> bool {
        let key = self.hub.register(item, object);
        self.key.store(key.unwrap_or(NO_KEY), Ordering::Relaxed);
        key.is_some()
    }

    /// The item's object, while it is there.
    pub(crate) fn object(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.hub.object(py, self.key.load(Ordering::Relaxed))
    }

    /// Replaces the item's object, if it is there; returns the one before, or else the new one.
    pub(crate) fn replace_object(&self, object: Option<Py<PyAny>>) -> Option<Py<PyAny>> {
        self.hub
            .replace_object(self.key.load(Ordering::Relaxed), object)
    }

    /// Takes the item out, if it is there.
    pub(crate) fn give_up(&self) {
        let key = self.key.swap(NO_KEY, Ordering::Relaxed);
        if key != NO_KEY {
            let object = self.hub.unregister(key);
            drop(object);
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.give_up();
    }
}
