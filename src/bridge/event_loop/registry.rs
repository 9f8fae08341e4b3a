//! Finds the hub of an event loop.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use pyo3::prelude::*;

use crate::bridge::event_loop::hub::Hub;
use crate::bridge::lifecycle::exit;

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
    match find(host.as_ptr() as usize, host) {
        Some(hub) => Ok(hub),
        None => enter(host, connect),
    }
}

#[cold]
fn enter(
    host: &Bound<'_, PyAny>,
    connect: fn(&Arc<Hub>, &Bound<'_, PyAny>) -> PyResult<()>,
) -> PyResult<Arc<Hub>> {
    let (py, key) = (host.py(), host.as_ptr() as usize);
    exit::register(py)?;
    loop {
        let known = lock().get(&key).cloned();
        if let Some(known) = &known {
            if known.is_for(host) {
                return Ok(Arc::clone(known));
            }
            known.refuse_inherited(host)?;
        }
        let hub = Arc::new(Hub::new(host)?);
        // Another thread may have been faster.
        if replace(key, known.as_ref(), &hub) {
            known.into_iter().for_each(|gone| gone.replaced(py));
            connect(&hub, host).inspect_err(|_| hub.close_detached(py))?;
            return Ok(hub);
        }
    }
}

/// Puts a hub in the place of the one that is known to be there; false where that has changed.
fn replace(key: usize, known: Option<&Arc<Hub>>, hub: &Arc<Hub>) -> bool {
    let mut hubs = lock();
    let there = hubs.get(&key).map(Arc::as_ptr);
    let is_known = there == known.map(Arc::as_ptr);
    if is_known {
        hubs.insert(key, Arc::clone(hub));
    }
    is_known
}

fn find(key: usize, event_loop: &Bound<'_, PyAny>) -> Option<Arc<Hub>> {
    let hub = lock().get(&key).cloned();
    hub.filter(|hub| hub.is_for(event_loop))
}

/// Takes a closed hub off the list, unless another one has its place.
pub(crate) fn forget(hub: &Arc<Hub>) {
    lock().retain(|_, other| !Arc::ptr_eq(hub, other));
}

/// The hubs of a parent process.
pub(crate) fn inherited() -> Vec<Arc<Hub>> {
    let hubs = lock();
    let inherited = hubs.values().filter(|hub| hub.is_inherited());
    inherited.cloned().collect()
}

/// Closes the hub of an event loop that is not going to run any more; false when something of it is being polled.
pub(crate) fn close(event_loop: &Bound<'_, PyAny>) -> bool {
    match find(event_loop.as_ptr() as usize, event_loop) {
        Some(hub) => event_loop.py().detach(|| hub.close()),
        None => true,
    }
}

/// Closes every hub. Call it detached from Python.
pub(crate) fn close_all() {
    let hubs = std::mem::take(&mut *lock());
    for hub in hubs.into_values() {
        hub.close();
    }
}

/// Ends what is pending on every hub with errors. Call it detached from Python.
pub(crate) fn abort_all() {
    let hubs: Vec<_> = lock().values().cloned().collect();
    for hub in hubs {
        hub.abort();
    }
}

/// What [`lock`] returns.
pub(crate) type Lock = MutexGuard<'static, HashMap<usize, Arc<Hub>>>;

pub(crate) fn lock() -> Lock {
    HUBS.lock().unwrap_or_else(PoisonError::into_inner)
}
