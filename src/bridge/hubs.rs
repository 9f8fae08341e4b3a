//! Finds the hub of an event loop.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use super::hub::Hub;
use super::{exit, fork};

/// The open hubs by the address of their loop. An address may be used again, so a hub is asked whether it is meant.
static HUBS: LazyLock<Mutex<HashMap<usize, Arc<Hub>>>> = LazyLock::new(Mutex::default);

/// Returns the hub of an event loop of asyncio's kind; creates and connects it the first time.
///
/// # Errors
///
/// The error of the loop, `RuntimeError: Event loop is closed` above all.
pub(crate) fn hub_of(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Hub>> {
    hub_of_host(event_loop, Hub::install)
}

/// Returns the hub of whatever runs the tasks of a thread; `connect` has it drained.
///
/// # Errors
///
/// Those of `connect`.
pub(crate) fn hub_of_host(
    host: &Bound<'_, PyAny>,
    connect: fn(&Arc<Hub>, &Bound<'_, PyAny>) -> PyResult<()>,
) -> PyResult<Arc<Hub>> {
    let py = host.py();
    fork::notice();
    let key = host.as_ptr() as usize;
    if let Some(hub) = find(key, host) {
        return Ok(hub);
    }
    let other = lock().get(&key).cloned();
    if let Some(other) = other {
        other.refuse_inherited(host)?;
    }
    exit::register(py)?;
    let hub = Arc::new(Hub::new(host)?);
    let before = lock().insert(key, Arc::clone(&hub));
    if let Some(other) = before {
        // Between the look-up and the insertion another thread may have been faster; its hub works as well.
        if other.is_for(host) {
            lock().insert(key, Arc::clone(&other));
            return Ok(other);
        }
        // A loop that had this address is gone.
        other.close_detached(py);
    }
    connect(&hub, host).inspect_err(|_| hub.close_detached(py))?;
    Ok(hub)
}

fn find(key: usize, event_loop: &Bound<'_, PyAny>) -> Option<Arc<Hub>> {
    let hub = lock().get(&key).cloned();
    hub.filter(|hub| hub.is_for(event_loop))
}

/// Takes a closed hub off the list, unless another one has its place.
pub(super) fn forget(hub: &Arc<Hub>) {
    lock().retain(|_, other| !Arc::ptr_eq(hub, other));
}

/// The hubs of a parent process.
pub(super) fn inherited() -> Vec<Arc<Hub>> {
    let hubs = lock();
    let inherited = hubs.values().filter(|hub| hub.is_inherited());
    inherited.cloned().collect()
}

/// Closes the hub of an event loop that is not going to run any more; false when something of it is being polled.
pub(super) fn close(event_loop: &Bound<'_, PyAny>) -> bool {
    match find(event_loop.as_ptr() as usize, event_loop) {
        Some(hub) => event_loop.py().detach(|| hub.close()),
        None => true,
    }
}

/// Closes every hub. Call it detached from Python.
pub(super) fn close_all() {
    let hubs = std::mem::take(&mut *lock());
    for hub in hubs.into_values() {
        hub.close();
    }
}

/// Ends what is pending on every hub with errors. Call it detached from Python.
pub(super) fn abort_all() {
    let hubs: Vec<_> = lock().values().cloned().collect();
    for hub in hubs {
        hub.abort();
    }
}

/// What [`lock`] returns.
pub(super) type Lock = MutexGuard<'static, HashMap<usize, Arc<Hub>>>;

pub(super) fn lock() -> Lock {
    HUBS.lock().unwrap_or_else(PoisonError::into_inner)
}
