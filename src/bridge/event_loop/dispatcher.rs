//! The way to a loop that cannot watch a file descriptor (Windows' proactor loop, exotic loops): one thread that
//! attaches to Python and calls `call_soon_threadsafe`, once per batch. It owns neither the loop nor the drain.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};

use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

use crate::bridge::errors::closed_error;
use crate::bridge::event_loop::hub::Hub;
use crate::python::asyncio;

/// The threads that may be inside Python: the exit hook waits for them.
static THREADS: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// The dispatcher thread of one hub; it ends when its hub is closed.
pub(crate) struct Dispatcher {
    /// `None` once it has been stopped.
    wake: Mutex<Option<Sender<()>>>,
}

impl Dispatcher {
    pub(crate) fn start(hub: Weak<Hub>, drain: &Bound<'_, PyAny>) -> PyResult<Self> {
        let (wake, woken) = mpsc::channel();
        let drain = PyWeakrefReference::new(drain)?.unbind();
        let thread = thread::Builder::new()
            .name("pyo3-aio-dispatcher".to_owned())
            .spawn(move || dispatch(&woken, &hub, &drain))?;
        let mut threads = lock();
        threads.retain(|thread| !thread.is_finished());
        threads.push(thread);
        Ok(Self {
            wake: Mutex::new(Some(wake)),
        })
    }

    pub(crate) fn notify(&self) {
        if let Some(wake) = self
            .wake
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()
        {
            // A thread that has ended found its loop closed.
            let _ = wake.send(());
        }
    }

    pub(crate) fn stop(&self) {
        self.wake
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

/// Forgets the threads of a parent process; waiting for one would not end.
pub(crate) fn forget_threads() {
    std::mem::take(&mut *lock())
        .into_iter()
        .for_each(std::mem::forget);
}

/// Waits until no dispatcher is inside Python any more; call it detached, after every hub has been closed.
pub(crate) fn join_dispatchers() {
    let stopped = std::mem::take(&mut *lock());
    for thread in stopped {
        // A panic of the thread has been printed where it happened.
        let _ = thread.join();
    }
}

/// What [`lock`] returns.
pub(crate) type Lock = MutexGuard<'static, Vec<JoinHandle<()>>>;

pub(crate) fn lock() -> Lock {
    THREADS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn dispatch(woken: &Receiver<()>, hub: &Weak<Hub>, drain: &Py<PyWeakrefReference>) {
    while woken.recv().is_ok() {
        while woken.try_recv().is_ok() {}
        let Some(hub) = hub.upgrade() else {
            return;
        };
        let called = Python::try_attach(|py| call_soon(py, &hub, drain));
        if !matches!(called, Some(Ok(()))) {
            hub.close();
            return;
        }
    }
}

fn call_soon(py: Python<'_>, hub: &Hub, drain: &Py<PyWeakrefReference>) -> PyResult<()> {
    match (hub.event_loop(py), drain.bind(py).upgrade()) {
        (Some(event_loop), Some(drain)) => asyncio::call_soon_threadsafe(&event_loop, &drain),
        _ => Err(closed_error()),
    }
}
