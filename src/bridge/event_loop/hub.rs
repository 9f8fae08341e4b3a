//! One event loop's end of the bridge.
//!
//! Guarantees:
//! - [`Deliver::deliver`] runs on the loop's thread, in the order of the pushes, a bounded number a turn.
//! - A closed loop closes its hub: the loop's selector, or a timer, owns the registered callback, and dropping that is
//!   what closes the hub. Whatever was queued or pending is discarded then, exactly once.
//! - No lock of the hub is held while anything is delivered, discarded or dropped.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;
use slab::Slab;

use crate::bridge::event_loop::mailbox::Mailbox;
use crate::bridge::event_loop::queue::Queue;
use crate::bridge::lifecycle::fork::generation;
use crate::bridge::lifecycle::in_flight;

/// Something that an event loop's thread has to do for Rust.
pub(crate) trait Deliver: Send + Sync {
    /// Does it, on the loop's thread. An error goes to the loop's exception handler; KeyboardInterrupt and SystemExit
    /// leave the loop.
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()>;

    /// Settles without Python, on any thread: the loop is closed. False when it is being polled, and settles after that.
    fn discard(self: Arc<Self>) -> bool;

    /// Ends it with an error, on any thread: the user shuts the bridge down, and the loop goes on.
    fn abort(self: Arc<Self>);

    /// Tells what waits for it, on the loop's thread in the child of a fork, that Rust's side stayed with the parent;
    /// nothing does, unless it says otherwise.
    fn leave_behind(self: Arc<Self>, _py: Python<'_>) -> PyResult<()> {
        Ok(())
    }
}

/// The queue of one event loop, and what is pending on it.
pub(crate) struct Hub {
    /// What Rust threads hand over.
    pub(crate) mailbox: Mailbox<Arc<dyn Deliver>>,
    /// What the loop's own thread has handed over for its next turn.
    pub(crate) soon: Queue<Arc<dyn Deliver>>,
    /// `None` once the hub is closed.
    pub(crate) pending: Mutex<Option<Slab<Weak<dyn Deliver>>>>,
    /// `None` while it is dropped.
    event_loop: Option<Py<PyWeakrefReference>>,
    /// The process that it belongs to; the locks are not to be touched in a child of that.
    generation: u32,
    pub(crate) process: u32,
}

impl Hub {
    /// Creates a hub that [`Hub::install`] has still to connect.
    pub(crate) fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            mailbox: Mailbox::new()?,
            soon: Queue::new(),
            pending: Mutex::new(Some(Slab::new())),
            event_loop: Some(PyWeakrefReference::new(event_loop)?.unbind()),
            generation: generation(),
            process: std::process::id(),
        })
    }

    /// Hands something to the loop's thread; a closed hub discards it.
    pub(crate) fn push(&self, item: Arc<dyn Deliver>) {
        if self.is_inherited() {
            return;
        }
        if let Err(item) = self.mailbox.push(item) {
            item.discard();
        }
    }

    /// Whether this is the open hub of `event_loop`, and not of another loop that had the same address.
    pub(crate) fn is_for(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        !self.is_inherited() && !self.mailbox.queue.is_closed() && self.belongs_to(event_loop)
    }

    /// Whether this is, or was before it was closed or inherited, the hub of `event_loop`.
    pub(crate) fn belongs_to(&self, event_loop: &Bound<'_, PyAny>) -> bool {
        self.event_loop(event_loop.py())
            .is_some_and(|own| own.is(event_loop))
    }

    /// Whether it came here by a fork.
    pub(crate) fn is_inherited(&self) -> bool {
        self.generation != generation()
    }

    /// The loop, while it is alive.
    pub(crate) fn event_loop<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.event_loop.as_ref()?.bind(py).upgrade()
    }

    /// Refuses everything from now on, and discards what is queued and what is pending; false when some of that is
    /// being polled just then. Call it detached from Python.
    pub(crate) fn close(self: &Arc<Self>) -> bool {
        if self.is_inherited() {
            return true;
        }
        let queued = self.mailbox.close().into_iter().chain(self.soon.close());
        let pending = self
            .pending
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let pending = pending.into_iter().flatten();
        let pending = pending.filter_map(|(_, item)| item.upgrade());
        let items = queued.chain(pending);
        let busy = items.filter(|item| !Arc::clone(item).discard()).count();
        busy == 0
    }

    /// The same where the thread is attached: users' values are dropped, which may wait for a thread that attaches.
    pub(crate) fn close_detached(self: &Arc<Self>, py: Python<'_>) {
        py.detach(|| self.close());
    }

    /// Its loop is gone, and another one has the same address.
    pub(crate) fn replaced(self: Arc<Self>, py: Python<'_>) {
        if self.is_inherited() {
            // A thread that this process does not have may have taken its locks.
            std::mem::forget(self);
        } else {
            self.close_detached(py);
        }
    }

    /// Ends what is pending with errors, which the loop delivers. Call it detached from Python.
    pub(crate) fn abort(&self) {
        if self.is_inherited() {
            return;
        }
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let items = pending.iter().flatten();
        let items: Vec<_> = items.filter_map(|(_, item)| item.upgrade()).collect();
        drop(pending);
        items.into_iter().for_each(Deliver::abort);
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // The last one to have it may be a thread of a runtime, where pyo3 takes a lock to drop references later. No
        // fork is to find that taken.
        let _polling = in_flight::enter();
        self.event_loop = None;
    }
}
