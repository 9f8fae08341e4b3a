//! Finds the hub of an event loop.
//!
//! The loop owns its hub, by the drain that it watches; the registry only knows of it. The lock is process-wide, and so
//! held over a fork. No hub is dropped under it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak};

use pyo3::prelude::*;

use crate::bridge::event_loop::hub::Hub;
use crate::bridge::lifecycle::fork::hold_over_forks;

type Hubs = BTreeMap<usize, Weak<Hub>>;

/// The hubs by the address of their loop. An address may be used again, so a hub is asked whether it is meant.
static HUBS: Mutex<Hubs> = Mutex::new(BTreeMap::new());

/// The open hub of an event loop.
pub(crate) fn find(event_loop: &Bound<'_, PyAny>) -> Option<Arc<Hub>> {
    at_address_of(event_loop).filter(|hub| hub.is_for(event_loop))
}

/// The last hub at the address of an event loop. It may be closed or inherited, or of another loop that is gone.
pub(crate) fn at_address_of(event_loop: &Bound<'_, PyAny>) -> Option<Arc<Hub>> {
    lock().get(&address(event_loop)).and_then(Weak::upgrade)
}

/// Enters the hub of an event loop in the place of `known`, which was [`at_address_of`] it; false where there is another
/// one by now.
pub(crate) fn replace(
    event_loop: &Bound<'_, PyAny>,
    known: Option<&Arc<Hub>>,
    hub: &Arc<Hub>,
) -> bool {
    static HOLD: Once = Once::new();
    HOLD.call_once(|| hold_over_forks(|| Box::new(lock())));
    let key = address(event_loop);
    let mut hubs = lock();
    // Forgets the hubs of loops that are gone.
    hubs.retain(|_, hub| hub.strong_count() > 0);
    let registered = hubs.get(&key).map(Weak::as_ptr);
    let is_known = registered == known.map(Arc::as_ptr);
    if is_known {
        hubs.insert(key, Arc::downgrade(hub));
    }
    is_known
}

/// All hubs that their loops still have, open, closed or inherited.
pub(crate) fn all() -> Vec<Arc<Hub>> {
    let hubs = lock();
    hubs.values().filter_map(Weak::upgrade).collect()
}

fn address(event_loop: &Bound<'_, PyAny>) -> usize {
    event_loop.as_ptr() as usize
}

fn lock() -> MutexGuard<'static, Hubs> {
    HUBS.lock().unwrap_or_else(PoisonError::into_inner)
}
