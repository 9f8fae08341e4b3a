//! One event loop's end of the bridge.
//!
//! Guarantees:
//! - [`Deliver::deliver`] runs on the loop's thread, in the order of the pushes, at most [`BATCH`] items a turn.
//! - A closed loop closes its hub: the loop's selector, or a timer, owns the registered callback, and dropping that is
//!   what closes the hub. Whatever was queued or pending is discarded then, exactly once.
//! - No lock of the hub is held while anything is delivered, discarded or dropped.

use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use pyo3::exceptions::{
    PyAttributeError, PyKeyboardInterrupt, PyNotImplementedError, PyRuntimeError, PySystemExit,
};
use pyo3::prelude::*;
use pyo3::types::{PyCFunction, PyDict, PyWeakrefReference};
use slab::Slab;

use super::dispatcher::Dispatcher;
use super::fork::{generation, is_gone};
use super::hubs;
use super::polling;
use super::queue::{Pushed, Queue};
use super::wakeup::Wakeup;
use crate::asyncio;
use crate::caught::catch_call;
use crate::pending_error;

/// How many items one turn of the loop delivers before other callbacks get theirs.
const BATCH: usize = 1_000;

/// After how many seconds a drain renews the timer that owns it: a day, which every loop's timers can count.
const STAY: u32 = 24 * 60 * 60;

/// How long a child that goes on with its parent's loop pauses when it is woken in the parent's place.
const REST: Duration = Duration::from_millis(1);

/// Something that an event loop's thread has to do for Rust.
pub(crate) trait Deliver: Send + Sync {
    /// Does it, on the loop's thread. An error goes to the loop's exception handler; KeyboardInterrupt and SystemExit
    /// leave the loop.
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()>;

    /// Settles without Python, on any thread: the loop is closed. False when it is being polled, and settles after that.
    fn discard(self: Arc<Self>) -> bool;

    /// Ends it with an error, on any thread: the user shuts the bridge down, and the loop goes on.
    fn abort(self: Arc<Self>);

    /// Tells what waits for it, on the loop's thread in the child of a fork, that Rust's side stayed with the parent.
    fn leave_behind(self: Arc<Self>, py: Python<'_>) -> PyResult<()>;
}

/// The queue of one event loop, and what is pending on it.
pub(crate) struct Hub {
    queue: Queue<Arc<dyn Deliver>>,
    /// What the loop's own thread has handed over for its next turn.
    pub(super) soon: Queue<Arc<dyn Deliver>>,
    wakeup: Wakeup,
    /// Set once for a loop that cannot watch a file descriptor.
    dispatcher: OnceLock<Dispatcher>,
    /// `None` once the hub is closed.
    pending: Mutex<Option<Slab<Weak<dyn Deliver>>>>,
    /// `None` while it is dropped.
    event_loop: Option<Py<PyWeakrefReference>>,
    /// The process that it belongs to; the locks are not to be touched in a child of that.
    generation: u32,
    process: u32,
}

impl Hub {
    /// Creates a hub that [`Hub::install`] has still to connect.
    pub(super) fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            queue: Queue::new(),
            soon: Queue::new(),
            wakeup: Wakeup::new()?,
            dispatcher: OnceLock::new(),
            pending: Mutex::new(Some(Slab::new())),
            event_loop: Some(PyWeakrefReference::new(event_loop)?.unbind()),
            generation: generation(),
            process: std::process::id(),
        })
    }

    /// Has the loop watch the wake-up. From another thread, or before the loop runs, the loop does so in its next turn.
    pub(super) fn install(self: &Arc<Self>, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = event_loop.py();
        let drain = self.drain_callback(py)?;
        if asyncio::is_running_here(event_loop)? {
            return self.watch(event_loop, &drain);
        }
        // The closure owns the drain: a loop that is closed before it ran drops it.
        let (hub, drain) = (Arc::clone(self), drain.unbind());
        let watch = PyCFunction::new_closure(py, None, None, move |args, _| -> PyResult<()> {
            let py = args.py();
            match hub.event_loop(py) {
                Some(event_loop) => hub
                    .watch(&event_loop, drain.bind(py))
                    .inspect_err(|_| hub.close_detached(py)),
                None => Ok(()),
            }
        })?;
        asyncio::call_soon_threadsafe(event_loop, watch.as_any())
    }

    fn watch(
        self: &Arc<Self>,
        event_loop: &Bound<'_, PyAny>,
        drain: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = event_loop.py();
        let Some(fd) = self.fd() else {
            return self.dispatch(drain);
        };
        // A fresh context: the callbacks that a drain runs enter their own, which must not be the current one.
        let context = asyncio::context_type(py)?.call0()?;
        match context.call_method1("run", (event_loop.getattr("add_reader")?, fd, drain)) {
            Ok(_) => Ok(()),
            Err(error) if is_unsupported(&error, py) => self.dispatch(drain),
            Err(error) => Err(error),
        }
    }

    fn dispatch(self: &Arc<Self>, drain: &Bound<'_, PyAny>) -> PyResult<()> {
        drain.call_method0("stay")?;
        let dispatcher = Dispatcher::start(Arc::downgrade(self), drain)?;
        if let Ok(()) = self.dispatcher.set(dispatcher) {
            // Pushes that came before this line woke nobody.
            self.wake();
        }
        Ok(())
    }

    /// Creates what has to be called when the file descriptor is readable. Dropping it closes the hub.
    pub(crate) fn drain_callback<'py>(
        self: &Arc<Self>,
        py: Python<'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let drain = Drain {
            hub: Arc::clone(self),
        };
        Ok(Bound::new(py, drain)?.into_any())
    }

    /// The file descriptor to watch for reading, where there is one.
    pub(crate) fn fd(&self) -> Option<i32> {
        self.wakeup.fd()
    }

    /// Hands something to the loop's thread; a closed hub discards it.
    pub(crate) fn push(&self, item: Arc<dyn Deliver>) {
        if self.is_inherited() {
            return;
        }
        match self.queue.push(item) {
            Ok(Pushed::Wake) => self.wake(),
            Ok(Pushed::Armed) => {}
            Err(item) => drop(item.discard()),
        }
    }

    /// Enters something that has to be discarded if the loop closes first; `None` if it is closed already.
    pub(crate) fn register(self: &Arc<Self>, item: Weak<dyn Deliver>) -> Option<Registration> {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let key = pending.as_mut()?.insert(item);
        Some(Registration {
            hub: Arc::clone(self),
            key,
        })
    }

    /// Whether this is the open hub of `event_loop`, and not of another loop that had the same address.
    pub(super) fn is_for(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        !self.is_inherited() && !self.queue.is_closed() && self.belongs_to(event_loop)
    }

    /// Whether this is, or was before it was closed or inherited, the hub of `event_loop`.
    pub(super) fn belongs_to(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        self.event_loop(event_loop.py())
            .is_some_and(|own| own.is(event_loop))
    }

    /// Whether it came here by a fork.
    pub(crate) fn is_inherited(&self) -> bool {
        self.generation != generation()
    }

    /// The loop, while it is alive.
    pub(super) fn event_loop<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.event_loop.as_ref()?.bind(py).upgrade()
    }

    /// Refuses everything from now on, and discards what is queued and what is pending; false when some of that is
    /// being polled just then. Call it detached from Python.
    pub(crate) fn close(self: &Arc<Self>) -> bool {
        if self.is_inherited() {
            return true;
        }
        let queued = self.queue.close().into_iter().chain(self.soon.close());
        let pending = self
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        hubs::forget(self);
        let pending = pending.into_iter().flatten();
        let pending = pending.filter_map(|(_, item)| item.upgrade());
        let items = queued.chain(pending);
        let busy = items.filter(|item| !Arc::clone(item).discard()).count();
        if let Some(dispatcher) = self.dispatcher.get() {
            dispatcher.stop();
        }
        busy == 0
    }

    /// The same where the thread is attached: users' values are dropped, which may wait for a thread that attaches.
    pub(super) fn close_detached(self: &Arc<Self>, py: Python<'_>) {
        py.detach(|| self.close());
    }

    /// Ends what is pending with errors, which the loop delivers. Call it detached from Python.
    pub(super) fn abort(&self) {
        if self.is_inherited() {
            return;
        }
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let items = pending.iter().flatten();
        let items: Vec<_> = items.filter_map(|(_, item)| item.upgrade()).collect();
        drop(pending);
        items.into_iter().for_each(Deliver::abort);
    }

    fn wake(&self) {
        match self.dispatcher.get() {
            None => self.wakeup.notify(),
            Some(dispatcher) => dispatcher.notify(),
        }
    }

    /// Has the loop, if the child of a fork goes on with it, tell what is pending that it was left behind.
    pub(super) fn leave_behind(self: &Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let Some(event_loop) = self.event_loop(py) else {
            return Ok(());
        };
        let hub = Arc::clone(self);
        let tell = PyCFunction::new_closure(py, None, None, move |args, _| {
            hub.tell_left_behind(args.py())
        })?;
        match event_loop.getattr_opt("call_soon")? {
            // It does not wake the parent, which has the same self-pipe.
            Some(call_soon) => call_soon.call1((tell,))?,
            // trio's.
            None => event_loop.call_method1("run_sync_soon", (tell,))?,
        };
        Ok(())
    }

    fn tell_left_behind(&self, py: Python<'_>) -> PyResult<()> {
        // A thread that this process does not have may have taken the lock.
        let Ok(pending) = self.pending.try_lock() else {
            return Ok(());
        };
        let items = pending.iter().flatten();
        let items: Vec<_> = items.filter_map(|(_, item)| item.upgrade()).collect();
        drop(pending);
        items.into_iter().try_for_each(|item| item.leave_behind(py))
    }

    /// The parent's wake-up, which it shares with its children: they are woken until it takes it.
    fn rest(&self, py: Python<'_>) {
        if is_gone(self.process) {
            self.wakeup.clear();
        } else {
            py.detach(|| thread::sleep(REST));
        }
    }

    fn drain(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_inherited() {
            self.rest(py);
            return Ok(());
        }
        self.wakeup.clear();
        let _rest = WakeForRest(self);
        self.deliver_batch(py, &self.queue)
    }

    /// Delivers what is in a queue just now, at most [`BATCH`] items.
    pub(super) fn deliver_batch(
        &self,
        py: Python<'_>,
        queue: &Queue<Arc<dyn Deliver>>,
    ) -> PyResult<()> {
        for _ in 0..queue.disarm().min(BATCH) {
            let Some(item) = queue.pop() else { break };
            // A PanicException that Python code has raised comes back as a panic.
            let delivered = catch_call(|| item.deliver(py));
            if let Err(error) = delivered.unwrap_or_else(|caught| Err(caught.into())) {
                if leaves_the_loop(&error, py) {
                    return Err(error);
                }
                self.report(py, error)?;
            }
        }
        Ok(())
    }

    fn report(&self, py: Python<'_>, error: PyErr) -> PyResult<()> {
        let Some(event_loop) = self.event_loop(py) else {
            return Ok(());
        };
        let Some(handler) = event_loop.getattr_opt("call_exception_handler")? else {
            error.write_unraisable(py, Some(&event_loop));
            return Ok(());
        };
        let context = PyDict::new(py);
        context.set_item("message", "Exception in a callback of a Rust future")?;
        context.set_item("exception", error)?;
        handler.call1((context,))?;
        Ok(())
    }
}

/// Has the loop come back for what a drain has left, however that ended.
struct WakeForRest<'a>(&'a Hub);

impl Drop for WakeForRest<'_> {
    fn drop(&mut self) {
        if self.0.queue.rearm() {
            self.0.wake();
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // The last one to have it may be a thread of a runtime, where pyo3 takes a lock to drop references later. No
        // fork is to find that taken.
        let _polling = polling::enter();
        self.event_loop = None;
    }
}

fn is_unsupported(error: &PyErr, py: Python<'_>) -> bool {
    error.is_instance_of::<PyNotImplementedError>(py)
        || error.is_instance_of::<PyAttributeError>(py)
}

/// asyncio's rule (`Handle._run`): these two are not for an exception handler.
pub(crate) fn leaves_the_loop(error: &PyErr, py: Python<'_>) -> bool {
    error.is_instance_of::<PyKeyboardInterrupt>(py) || error.is_instance_of::<PySystemExit>(py)
}

/// The error for work that needs a loop which is closed.
pub(crate) fn closed_error() -> PyErr {
    PyRuntimeError::new_err("Event loop is closed")
}

/// The error for what [`shutdown`](super::shutdown) ends while its loop goes on.
pub(crate) fn shutdown_error() -> PyErr {
    PyRuntimeError::new_err("pyo3_aio was shut down before this finished")
}

/// The error for what a fork has left with the parent process.
pub(crate) fn left_behind_error() -> PyErr {
    PyRuntimeError::new_err(
        "the Rust future was left behind by fork(), with the threads that run it",
    )
}

/// Something's place among what is pending on a hub; given up when dropped.
pub(crate) struct Registration {
    hub: Arc<Hub>,
    key: usize,
}

impl Drop for Registration {
    fn drop(&mut self) {
        if self.hub.is_inherited() {
            return;
        }
        let mut pending = self
            .hub
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let item = pending
            .as_mut()
            .and_then(|pending| pending.try_remove(self.key));
        drop(pending);
        drop(item);
    }
}

/// The callback that the loop owns: its selector, or a timer where that cannot watch.
#[pyclass(frozen, weakref, module = "pyo3_aio")]
struct Drain {
    hub: Arc<Hub>,
}

#[pymethods]
impl Drain {
    fn __call__(&self, py: Python<'_>) -> PyResult<()> {
        self.hub.drain(py)
    }

    /// Has a timer of the loop own this until the loop is closed, which drops its timers.
    fn stay(slf: &Bound<'_, Self>) -> PyResult<()> {
        let Some(event_loop) = slf.get().hub.event_loop(slf.py()) else {
            return Ok(());
        };
        event_loop.call_method1("call_later", (STAY, slf.getattr("stay")?))?;
        Ok(())
    }

    fn __repr__(&self) -> &'static str {
        "<drain of pyo3_aio>"
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        // Deallocators may run while an exception is set.
        let closed =
            Python::try_attach(|py| pending_error::keep(py, || self.hub.close_detached(py)));
        if closed.is_none() {
            self.hub.close();
        }
    }
}
