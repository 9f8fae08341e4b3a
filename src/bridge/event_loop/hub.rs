//! The hub of one event loop: its mailbox, and the list of what is pending on it.
//!
//! | state | event | by whom, on which thread | next state |
//! | --- | --- | --- | --- |
//! | new | [`Hub::install`], or trio's `connect` | the first conversion on the loop, attached to Python | open |
//! | open | the loop is closed or collected: it drops its drain | mostly the loop's | closed |
//! | open | the interpreter exits, or a run of the library's own is over | Python's main thread, or the loop's | closed |
//! | new, open | the loop refuses the drain, or the dispatcher's call | the caller, or the dispatcher's thread | closed |
//! | any | the process forks | the child's only thread | inherited: not used any more |
//!
//! Guarantees:
//! - [`Deliver::deliver`] runs on the loop's thread, in the order of the pushes, a bounded number in an iteration of the loop.
//! - A closed hub discards whatever was queued or pending, exactly once.
//! - No lock of the hub is held while anything is delivered, discarded or dropped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyWeakrefReference;
use slab::Slab;

use crate::bridge::event_loop::mailbox::Mailbox;
use crate::bridge::event_loop::queue::Queue;
use crate::bridge::lifecycle::calls;
use crate::bridge::lifecycle::fork::generation;
use crate::bridge::lifecycle::in_flight;

/// An item that an event loop's thread delivers for Rust.
pub(crate) trait Deliver: Send + Sync {
    /// Delivers it, on the loop's thread. An error goes to the loop's exception handler; KeyboardInterrupt and SystemExit
    /// leave the loop.
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()>;

    /// Gives it up, on any thread and without the loop, which is closed; `object` is what the hub has owned for it. False
    /// when its future is being polled, which is dropped after that poll.
    fn discard(self: Arc<Self>, object: Option<Py<PyAny>>) -> bool;

    /// Ends it with an error, on any thread that is detached from Python: the user shuts the bridge down, and the loop goes
    /// on.
    fn abort(self: Arc<Self>);

    /// Fails whatever awaits it, on the loop's thread in the child of a fork: the Rust future stayed with the parent. Does
    /// nothing by default.
    fn leave_behind(self: Arc<Self>, _object: Bound<'_, PyAny>) -> PyResult<()> {
        Ok(())
    }

    /// Shows the garbage collector the references to Python that an item in a queue owns. None by default: what is pending
    /// leaves its object with the hub.
    fn traverse(&self, _visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        Ok(())
    }
}

/// An item that is pending on a loop, as the loop's hub knows it.
pub(crate) struct PendingItem {
    pub(crate) item: Weak<dyn Deliver>,
    /// The Python object that the item needs for its end, such as the future that it settles. The hub owns it, so that the
    /// garbage collector sees it from the loop ([`Hub::traverse`]); a reference in the item would keep the loop alive, since
    /// a Rust thread has the item.
    pub(crate) object: Option<Py<PyAny>>,
}

/// Hands items to one event loop. The loop owns it, through its drain; tasks that are pending on the loop share it.
pub(crate) struct Hub {
    /// The items that any thread pushes.
    pub(crate) mailbox: Mailbox<Arc<dyn Deliver>>,
    /// The items that the loop's own thread pushes for its next iteration.
    pub(crate) call_soon: Queue<Arc<dyn Deliver>>,
    /// `None` once the hub is closed.
    pub(crate) pending: Mutex<Option<Slab<PendingItem>>>,
    /// `None` while it is dropped.
    event_loop: Option<Py<PyWeakrefReference>>,
    /// The generation of the process that made it. In a child its locks are not taken: a thread that the child does not
    /// have may have them.
    generation: u32,
    /// The id of that process.
    pub(crate) process: u32,
}

impl Hub {
    /// Creates a hub that [`Hub::install`] has still to connect.
    pub(crate) fn new(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            mailbox: Mailbox::new()?,
            call_soon: Queue::new(),
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
            item.discard(None);
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

    /// The weak reference to the loop.
    pub(crate) fn weak_event_loop(&self, py: Python<'_>) -> Option<Py<PyWeakrefReference>> {
        self.event_loop
            .as_ref()
            .map(|event_loop| event_loop.clone_ref(py))
    }

    /// Refuses everything from now on, and discards what is queued and what is pending; false when some of that is
    /// being polled just then. Call it detached from Python.
    pub(crate) fn close(self: &Arc<Self>) -> bool {
        self.end(|item, object| item.discard(object))
    }

    /// As [`Hub::close`], where the loop runs on another thread while the interpreter exits: what Python has is leaked, since
    /// that thread may be stepping it.
    pub(crate) fn abandon(self: &Arc<Self>) -> bool {
        self.end(|item, object| {
            std::mem::forget((object, Arc::clone(&item)));
            item.discard(None)
        })
    }

    fn end(
        self: &Arc<Self>,
        discard: impl Fn(Arc<dyn Deliver>, Option<Py<PyAny>>) -> bool,
    ) -> bool {
        if self.is_inherited() {
            return true;
        }
        let queued = self
            .mailbox
            .close()
            .into_iter()
            .chain(self.call_soon.close());
        let pending = self.lock_pending().take();
        let pending = pending.into_iter().flatten();
        // All are kept until they are discarded with their objects: one may hold another, and drop it.
        let pending: Vec<_> = pending
            .filter_map(|(_, pending)| Some((pending.item.upgrade()?, pending.object)))
            .collect();
        // Those that are pending first: an item may be queued as well, and needs its object.
        let items = pending.into_iter().chain(queued.map(|item| (item, None)));
        let busy = items.filter_map(|(item, object)| (!discard(item, object)).then_some(()));
        busy.count() == 0
    }

    pub(crate) fn lock_pending(&self) -> MutexGuard<'_, Option<Slab<PendingItem>>> {
        // No code of anybody else's runs under this lock.
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As [`Hub::close`], on a thread that is attached to Python, from which it detaches: the drop of a user's value may
    /// wait for a thread that attaches.
    pub(crate) fn close_detached(self: &Arc<Self>, py: Python<'_>) {
        calls::detach(py, || self.close());
    }

    /// Closes it: its loop is gone, and another one has the same address.
    pub(crate) fn close_for_new_loop(self: Arc<Self>, py: Python<'_>) {
        if self.is_inherited() {
            // Its parts are not dropped, as they have locks of their own.
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
        let pending = self.lock_pending();
        let items = pending.iter().flatten();
        let items: Vec<_> = items
            .filter_map(|(_, pending)| pending.item.upgrade())
            .collect();
        drop(pending);
        items.into_iter().for_each(Deliver::abort);
    }

    /// Shows the garbage collector what the hub owns. The drain of the loop calls it, and nobody else: each reference is
    /// shown once.
    ///
    /// The collector asks several times, and takes an object for garbage whose reference it sees the first time alone. So
    /// only threads that are attached to Python put references in or hand them to somebody else; such threads do not run
    /// while it asks. Threads that are not attached have these locks for moments, and the collector waits for them.
    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        if self.is_inherited() {
            return Ok(());
        }
        let pending = self.lock_pending();
        let mut objects = pending.iter().flatten().map(|(_, pending)| &pending.object);
        objects.try_for_each(|object| visit.call(object))?;
        drop(pending);
        let show = |item: &Arc<dyn Deliver>| item.traverse(visit);
        self.mailbox.queue.try_for_each(show)?;
        self.call_soon.try_for_each(show)
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
