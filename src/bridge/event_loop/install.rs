//! How an event loop gets a hub, and comes to drain it.

use std::ops::ControlFlow;
use std::sync::{Arc, Weak};

use pyo3::exceptions::{PyAttributeError, PyNotImplementedError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;

use crate::bridge::errors::closed_error;
use crate::bridge::event_loop::dispatcher::Dispatcher;
use crate::bridge::event_loop::drain::Drain;
use crate::bridge::event_loop::hub::Hub;
use crate::bridge::event_loop::registry;
use crate::bridge::event_loop::wakeup::Wakeup;
use crate::bridge::lifecycle::calls;
use crate::bridge::lifecycle::exit;
use crate::bridge::lifecycle::in_flight;
use crate::python::asyncio;

/// Returns the hub of an event loop of asyncio's kind; creates and connects it the first time.
///
/// # Errors
///
/// The error of the loop, `RuntimeError: Event loop is closed` above all.
pub(crate) fn hub_of(event_loop: &Bound<'_, PyAny>) -> PyResult<Arc<Hub>> {
    hub_of_host(event_loop, Hub::install)
}

/// Returns the hub of an event loop, or of a run of trio; `connect` has a new one drained.
///
/// # Errors
///
/// The errors of `connect`.
pub(crate) fn hub_of_host(
    host: &Bound<'_, PyAny>,
    connect: fn(&Arc<Hub>, &Bound<'_, PyAny>) -> PyResult<()>,
) -> PyResult<Arc<Hub>> {
    match registry::find(host) {
        Some(hub) => Ok(hub),
        None => create(host, connect),
    }
}

#[cold]
fn create(
    host: &Bound<'_, PyAny>,
    connect: fn(&Arc<Hub>, &Bound<'_, PyAny>) -> PyResult<()>,
) -> PyResult<Arc<Hub>> {
    let py = host.py();
    if host.is_none() {
        // The locals of a task whose loop has been collected (`TaskLocals::event_loop`).
        return Err(closed_error());
    }
    exit::register(py)?;
    let Some(_call) = calls::enter(py) else {
        // The interpreter exits on another thread. Nobody drains this hub, so that what is converted now stays pending; an
        // error would be printed by the thread that gets it.
        return Ok(Arc::new(Hub::new(host)?));
    };
    loop {
        let known = registry::at_address_of(host);
        if let Some(known) = &known {
            if known.is_for(host) {
                return Ok(Arc::clone(known));
            }
            known.refuse_inherited(host)?;
        }
        let hub = Arc::new(Hub::new(host)?);
        // False where another thread has entered one meanwhile.
        if registry::replace(host, known.as_ref(), &hub) {
            known
                .into_iter()
                .for_each(|gone| gone.close_for_new_loop(py));
            connect(&hub, host).inspect_err(|_| hub.close_detached(py))?;
            return Ok(hub);
        }
    }
}

impl Hub {
    /// Has the loop watch the wake-up: at once on the thread where it runs. From another thread, or before it runs, the loop
    /// does so in its next iteration.
    pub(crate) fn install(self: &Arc<Self>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = event_loop.py();
        let drain = Drain::create(py, self, 0, true)?;
        if asyncio::is_running_here(event_loop)? {
            return self.watch(event_loop, &drain);
        }
        // The callback owns the drain. A loop that is closed before its next iteration drops the callback, and closes the hub
        // so.
        let (hub, drain) = (Arc::clone(self), drain.unbind());
        let watch = Bound::new(py, Watch { hub, drain })?;
        call_soon_threadsafe(event_loop, watch.as_any()).inspect_err(|_| self.close_detached(py))
    }

    fn watch(
        self: &Arc<Self>,
        event_loop: &Bound<'_, PyAny>,
        drain: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = event_loop.py();
        let Some(fd) = self.mailbox.readers.fd(0) else {
            return self.dispatch(drain);
        };
        match add_reader(event_loop, fd, drain) {
            Err(error) if is_unsupported(&error, py) => self.dispatch(drain),
            watched => watched,
        }
    }

    /// Has the loop watch one more wake-up, for drains within those that are under way.
    pub(crate) fn watch_nested(self: &Arc<Self>, py: Python<'_>, index: usize) -> PyResult<()> {
        let Some(event_loop) = self.event_loop(py) else {
            return Ok(());
        };
        let wakeup = Wakeup::new()?;
        if let Some(fd) = wakeup.fd() {
            let drain = Drain::create(py, self, index, true)?;
            add_reader(&event_loop, fd, &drain)?;
            self.mailbox.readers.add(wakeup);
        }
        Ok(())
    }

    /// Has a dispatcher call the drain, for a loop that cannot watch a file descriptor; a timer of the loop owns the drain.
    fn dispatch(self: &Arc<Self>, drain: &Bound<'_, PyAny>) -> PyResult<()> {
        drain.call_method0("keep_timer")?;
        let (hub, drain) = (
            Arc::downgrade(self),
            PyWeakrefReference::new(drain)?.unbind(),
        );
        let dispatcher = Dispatcher::start(move || call_drain_soon(&hub, &drain))?;
        if let Ok(()) = self.mailbox.dispatcher.set(dispatcher) {
            // Pushes that came before this line notified a reader, which nobody watches.
            self.mailbox.wake();
        }
        Ok(())
    }

    /// Returns the file descriptor for trio to wait for, where there is one, and the drain to call when it is readable.
    pub(crate) fn readable<'py>(
        self: &Arc<Self>,
        py: Python<'py>,
    ) -> PyResult<(Option<i32>, Bound<'py, PyAny>)> {
        let drain = Drain::create(py, self, 0, false)?;
        Ok((self.mailbox.readers.fd(0), drain))
    }
}

fn add_reader(event_loop: &Bound<'_, PyAny>, fd: i32, drain: &Bound<'_, PyAny>) -> PyResult<()> {
    // `add_reader` remembers the current context. The drain gets a fresh one: the callbacks that it runs enter their own,
    // and a context cannot be entered within itself (PEP 567).
    let context = asyncio::context_type(event_loop.py())?.call0()?;
    context.call_method1("run", (event_loop.getattr("add_reader")?, fd, drain))?;
    Ok(())
}

/// The callback that has a loop watch the wake-up of a hub.
///
/// A class, and no closure: CPython frees a closure of pyo3's on a thread that pyo3 does not know to be attached, as when
/// another thread closes the loop, and the references in it would wait for the next use of pyo3 on any thread.
#[pyclass(frozen, module = "pyo3_aio")]
struct Watch {
    hub: Arc<Hub>,
    drain: Py<PyAny>,
}

#[pymethods]
impl Watch {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        let Some(_call) = calls::enter(py) else {
            return Ok(());
        };
        match self.hub.event_loop(py) {
            Some(event_loop) => self
                .hub
                .watch(&event_loop, self.drain.bind(py))
                .inspect_err(|_| self.hub.close_detached(py)),
            None => Ok(()),
        }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.drain)
    }
}

/// Has the loop call back in its next iteration; fails also where another thread closes the loop just now.
///
/// asyncio's `call_soon_threadsafe` looks whether the loop is closed and then appends the callback, without a lock. A loop
/// that is closed in between has dropped its callbacks already, and keeps this one for ever.
fn call_soon_threadsafe(
    event_loop: &Bound<'_, PyAny>,
    callback: &Bound<'_, PyAny>,
) -> PyResult<()> {
    asyncio::call_soon_threadsafe(event_loop, callback)?;
    let is_closed = event_loop.call_method0(intern!(event_loop.py(), "is_closed"))?;
    if is_closed.is_truthy()? {
        return Err(closed_error());
    }
    Ok(())
}

/// Has the loop call the drain; the dispatcher's thread attaches to Python for that, and for nothing else.
fn call_drain_soon(hub: &Weak<Hub>, drain: &Py<PyWeakrefReference>) -> ControlFlow<()> {
    let Some(hub) = hub.upgrade() else {
        return ControlFlow::Break(());
    };
    // The exit closes every hub and then waits for what is in flight: this counts, or finds the hub closed.
    let _in_flight = in_flight::enter();
    if hub.mailbox.queue.is_closed() {
        return ControlFlow::Break(());
    }
    let called = Python::try_attach(|py| match (hub.event_loop(py), drain.bind(py).upgrade()) {
        (Some(event_loop), Some(drain)) => call_soon_threadsafe(&event_loop, &drain),
        _ => Err(closed_error()),
    });
    if matches!(called, Some(Ok(()))) {
        return ControlFlow::Continue(());
    }
    // Attached, so that what Python has is dropped now, and not at pyo3's next use on any thread.
    if Python::try_attach(|py| hub.close_detached(py)).is_none() {
        hub.close();
    }
    ControlFlow::Break(())
}

/// Whether `add_reader` failed because the loop has none: `AbstractEventLoop`'s raises NotImplementedError, and so does
/// that of the proactor loop.
fn is_unsupported(error: &PyErr, py: Python<'_>) -> bool {
    error.is_instance_of::<PyNotImplementedError>(py)
        || error.is_instance_of::<PyAttributeError>(py)
}
