//! A Rust future that runs on a runtime and settles something on an event loop.
//!
//! Guarantees:
//! - Whatever happens to the future (it finishes, fails, panics, is cancelled, or its runtime drops it), its target is
//!   settled exactly once, on the loop's thread, after the future has been dropped; or the loop is closed.
//! - Whoever cancels sets `cancelled` before it tries the lock of the [`Slot`], and whoever polls reads `cancelled` after it
//!   has unlocked that: one of the two drops the future.
//! - A user's values are dropped inside the runtime's context and detached from Python: their `Drop` may wait for a
//!   thread that attaches.
//! - Whenever a driver runs a user's code, dropping included, it counts as polling, so that an exit waits for it.

use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};

use pyo3::prelude::*;

use crate::bridge::errors::{closed_error, left_behind_error};
use crate::bridge::event_loop::hub::{Deliver, Hub};
use crate::bridge::lifecycle::current_runtime;
use crate::bridge::lifecycle::in_flight;
use crate::bridge::runtime_vtable::Runner;
use crate::bridge::task::erased::convert;
use crate::bridge::task::failure::Failure;
use crate::bridge::task::future::Driver;
use crate::bridge::task::poll_lock::BeingPolled;
use crate::bridge::task::registration::Registration;
use crate::bridge::task::slot::{Content, Polled, Slot};
use crate::bridge::task::unstarted::Held;
use crate::instrument::Surroundings;
use crate::task_locals::TaskLocals;

/// What a task settles, on the loop's thread.
pub(crate) struct Target {
    pub(crate) future: Py<PyAny>,
    pub(crate) settle: fn(&Bound<'_, PyAny>, PyResult<Py<PyAny>>) -> PyResult<()>,
}

/// The future, its target, and what has become of them.
pub(crate) struct Task {
    slot: Slot,
    cancelled: AtomicBool,
    /// Why it was cancelled: the user has shut the bridge down. It is set before `cancelled`.
    shut_down: AtomicBool,
    /// See [`Start`].
    start: AtomicU8,
    /// Wakes the driver.
    waker: Mutex<Option<Waker>>,
    /// `None` once it is settled, or nobody wants it settled.
    target: Mutex<Option<Target>>,
    surroundings: Surroundings,
    /// Given up with the target, unless only that is forgotten.
    registration: Registration,
    runner: &'static Runner,
}

/// What has become of the handing over to the runtime. The thread that does it is attached to Python, and must not drop
/// a user's values.
enum Start {
    Under,
    Over,
    /// The runtime has dropped the driver meanwhile.
    Refused,
}

impl Task {
    /// Starts the future on its runtime.
    ///
    /// # Errors
    ///
    /// `RuntimeError: Event loop is closed`; the future is dropped then.
    pub(crate) fn start(
        py: Python<'_>,
        held: Held,
        target: Target,
        locals: TaskLocals,
        hub: Arc<Hub>,
    ) -> PyResult<Arc<Self>> {
        let runner = held.runner;
        let task = Arc::new(Self {
            slot: Slot::new(held.into_inner(), locals),
            cancelled: AtomicBool::new(false),
            shut_down: AtomicBool::new(false),
            start: AtomicU8::new(Start::Under as u8),
            waker: Mutex::new(None),
            target: Mutex::new(Some(target)),
            surroundings: Surroundings::current(py),
            registration: Registration::new(hub),
            runner,
        });
        let item: Weak<dyn Deliver> = Arc::<Self>::downgrade(&task);
        if !task.registration.enter(item) {
            task.cancel_now(py);
            return Err(closed_error());
        }
        (runner.spawn)(Driver::new(Arc::clone(&task)));
        if !task.turn_start(Start::Over) {
            py.detach(|| task.abort_driver());
        }
        Ok(task)
    }

    /// The runtime has dropped the driver. Where it does so at once, [`Task::start`] has the thread detached first.
    pub(crate) fn refuse(self: &Arc<Self>) {
        if !self.turn_start(Start::Refused) {
            self.abort_driver();
        }
    }

    fn abort_driver(self: &Arc<Self>) {
        let _polling = in_flight::enter();
        self.end(Failure::Aborted);
    }

    /// Whether the start was under way until now.
    fn turn_start(&self, to: Start) -> bool {
        let (from, to) = (Start::Under as u8, to as u8);
        let turned = self
            .start
            .compare_exchange(from, to, Ordering::SeqCst, Ordering::SeqCst);
        turned.is_ok()
    }

    /// Asks the runtime to drop the future; its target is settled with CancelledError after that.
    pub(crate) fn request_cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        self.wake_driver();
    }

    /// Drops the future at once if it is idle, else when the poll under way returns. Its target is forgotten.
    pub(crate) fn cancel_now(&self, py: Python<'_>) {
        let target = self.take_target();
        let locals = py.detach(|| self.drop_idle());
        drop((target, locals));
    }

    /// Lets go of what is settled already; the future runs on.
    pub(crate) fn forget_target(&self) {
        let target = lock(&self.target).take();
        drop(target);
    }

    fn take_target(&self) -> Option<Target> {
        self.registration.give_up();
        lock(&self.target).take()
    }

    /// Drops the future unless it is being polled, and returns its locals.
    fn drop_idle(&self) -> Result<Option<TaskLocals>, BeingPolled> {
        self.cancelled.store(true, Ordering::SeqCst);
        let content = self.slot.take_idle()?;
        let locals = content.map(|Content { work, locals }| {
            self.drop_inside(work);
            locals
        });
        self.wake_driver();
        Ok(locals)
    }

    /// Drops the future unless it is being polled or has finished; false then.
    fn fail_idle(&self) -> bool {
        self.shut_down.store(true, Ordering::SeqCst);
        self.cancelled.store(true, Ordering::SeqCst);
        // Otherwise its output is on its way, or whoever polls it drops it.
        let Ok(Some(work)) = self.slot.fail_idle(Failure::ShutDown) else {
            return false;
        };
        self.drop_inside(work);
        self.wake_driver();
        true
    }

    /// Whether the future is over, delivered or not. One that is being polled just now is not.
    pub(crate) fn has_finished(&self) -> bool {
        self.slot.has_finished()
    }

    fn reason(&self) -> Failure {
        if self.shut_down.load(Ordering::SeqCst) {
            Failure::ShutDown
        } else {
            Failure::Cancelled
        }
    }

    /// Keeps the waker. Cloning one and dropping one may run a runtime's code, which the lock must not be held for.
    fn remember(&self, waker: &Waker) {
        let is_known = |known: &Waker| known.will_wake(waker);
        if !lock(&self.waker).as_ref().is_some_and(is_known) {
            let waker = waker.clone();
            let before = lock(&self.waker).replace(waker);
            drop(before);
        }
    }

    fn wake_driver(&self) {
        let waker = lock(&self.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Polls once; true when the driver has nothing more to do.
    pub(crate) fn advance(self: &Arc<Self>, cx: &mut Context<'_>) -> bool {
        let _polling = in_flight::enter();
        let _polled = current_runtime::enter((self.runner.runtime)());
        self.remember(cx.waker());
        if self.cancelled.load(Ordering::SeqCst) {
            self.end(self.reason());
            return true;
        }
        match self.slot.poll(&self.surroundings, cx) {
            Polled::Pending if self.cancelled.load(Ordering::SeqCst) => self.end(self.reason()),
            Polled::Pending => return false,
            Polled::Done => self.hub().push(Arc::<Self>::clone(self)),
            Polled::Panicked(work) => {
                self.drop_inside(work);
                self.hub().push(Arc::<Self>::clone(self));
            }
        }
        true
    }

    /// Drops the future and delivers why.
    fn end(self: &Arc<Self>, failure: Failure) {
        if let Some(work) = self.slot.fail(failure) {
            self.drop_inside(work);
            self.hub().push(Arc::<Self>::clone(self));
        }
    }

    fn hub(&self) -> &Arc<Hub> {
        self.registration.hub()
    }

    /// Drops a user's value where this thread is detached from Python.
    fn drop_inside(&self, value: impl Sized) {
        self.runner.drop_inside(&self.surroundings, value);
    }
}

impl Deliver for Task {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let (target, content) = (self.take_target(), self.slot.take());
        let Some(Content { work, locals }) = content else {
            return Ok(());
        };
        let Some(target) = target else {
            py.detach(|| self.drop_inside(work));
            return Ok(());
        };
        drop(locals);
        let result = self.surroundings.run(|| convert(py, work));
        (target.settle)(target.future.bind(py), result)
    }

    fn discard(self: Arc<Self>) -> bool {
        let target = self.take_target();
        let is_idle = self.drop_idle().is_ok();
        drop(target);
        is_idle
    }

    fn leave_behind(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        // A thread that this process does not have may have taken the lock. The future stays where it is.
        let target = self.target.try_lock().ok().and_then(|mut it| it.take());
        let Some(target) = target else {
            return Ok(());
        };
        let future = target.future.bind(py);
        (target.settle)(future, Err(left_behind_error()))?;
        // The child need not want it: a look at the exception keeps it from being reported as unseen.
        if let Some(exception) = future.getattr_opt("exception")? {
            exception.call0()?;
        }
        Ok(())
    }

    fn abort(self: Arc<Self>) {
        if self.fail_idle() {
            self.hub().push(Arc::<Self>::clone(&self));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Panics of user code are caught before they pass a guard.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
