//! A Rust future that runs on a runtime and settles something on an event loop.
//!
//! Guarantees:
//! - Whatever happens to the future (it finishes, fails, panics, is cancelled, or its runtime drops it), its target is
//!   settled exactly once, on the loop's thread, after the future has been dropped; or the loop is closed.
//! - The slot is locked while the future is polled and while it is taken out, and at no other time, so "locked" means
//!   "being polled". Whoever cancels sets `cancelled` before it tries the lock, and whoever polls reads `cancelled`
//!   after it has unlocked: one of the two drops the future.
//! - A user's values are dropped inside the runtime's context and detached from Python: their `Drop` may wait for a
//!   thread that attaches.
//! - Whenever a driver runs a user's code, dropping included, it counts as polling, so that an exit waits for it.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError, Weak};
use std::task::{Context, Waker};

use pyo3::prelude::*;

use super::driver::Driver;
use super::errors::{closed_error, left_behind_error};
use super::failure::Failure;
use super::held::Held;
use super::hub::{Deliver, Hub, Registration};
use super::job::Work;
use super::polling;
use crate::caught::catch_call;
use crate::locals::{self, TaskLocals};
use crate::surroundings::Surroundings;

/// What the bridge needs of a runtime.
pub(crate) struct Runner {
    /// Starts a driver; the handle is dropped without ending it.
    pub(crate) spawn: fn(Driver),
    /// Calls a function inside the runtime's context.
    pub(crate) enter: fn(&mut dyn FnMut()),
    /// Fails where the runtime's threads were left behind by a fork.
    pub(crate) ensure_alive: fn() -> PyResult<()>,
}

/// What a task settles, on the loop's thread.
pub(crate) struct Target {
    pub(crate) future: Py<PyAny>,
    pub(crate) settle: fn(&Bound<'_, PyAny>, PyResult<Py<PyAny>>) -> PyResult<()>,
}

/// The future, its target, and what has become of them.
pub(crate) struct Task {
    slot: Mutex<Slot>,
    cancelled: AtomicBool,
    /// Why it was cancelled: the user has shut the bridge down. It is set before `cancelled`.
    shut_down: AtomicBool,
    /// Wakes the driver.
    waker: Mutex<Option<Waker>>,
    /// `None` once it is settled, or nobody wants it settled.
    target: Mutex<Option<(Target, Registration)>>,
    /// See [`Start`].
    start: AtomicU8,
    /// Handed to the loop's thread with the result, so that they are dropped there.
    locals: Mutex<Option<TaskLocals>>,
    surroundings: Surroundings,
    hub: Arc<Hub>,
    runner: &'static Runner,
}

enum Slot {
    /// Running, or finished with an output to convert.
    Work(Pin<Box<dyn Work>>),
    /// Ended without an output.
    Failed(Box<Failure>),
    /// Delivered, or dropped because nobody wants it.
    Empty,
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
            slot: Mutex::new(Slot::Work(held.into_work())),
            cancelled: AtomicBool::new(false),
            shut_down: AtomicBool::new(false),
            waker: Mutex::new(None),
            start: AtomicU8::new(Start::Under as u8),
            target: Mutex::new(None),
            locals: Mutex::new(Some(locals)),
            surroundings: Surroundings::current(py),
            hub,
            runner,
        });
        let item: Weak<dyn Deliver> = Arc::<Self>::downgrade(&task);
        let Some(registration) = task.hub.register(item) else {
            py.detach(|| task.drop_inside(task.take()));
            return Err(closed_error());
        };
        *lock(&task.target) = Some((target, registration));
        (runner.spawn)(Driver::new(Arc::clone(&task)));
        if !task.turn_start(Start::Over) {
            py.detach(|| task.abort_driver());
        }
        Ok(task)
    }

    /// The runtime has dropped the driver. Where it does so at once, [`Task::start`] has the thread detached first.
    pub(super) fn refuse(self: &Arc<Self>) {
        if !self.turn_start(Start::Refused) {
            self.abort_driver();
        }
    }

    fn abort_driver(self: &Arc<Self>) {
        let _polling = polling::enter();
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
        let target = lock(&self.target).take();
        if py.detach(|| self.drop_idle_work()) {
            drop(lock(&self.locals).take());
        }
        drop(target);
    }

    /// False when the future is being polled: it is dropped by whoever polls it.
    fn drop_idle_work(&self) -> bool {
        self.cancelled.store(true, Ordering::SeqCst);
        let work = match self.slot.try_lock() {
            Ok(mut slot) => std::mem::replace(&mut *slot, Slot::Empty),
            Err(TryLockError::Poisoned(slot)) => {
                std::mem::replace(&mut *slot.into_inner(), Slot::Empty)
            }
            Err(TryLockError::WouldBlock) => return false,
        };
        self.drop_inside(work);
        self.wake_driver();
        true
    }

    /// Drops the future at once if it is idle and has not finished; false then.
    fn fail_idle_work(&self) -> bool {
        self.shut_down.store(true, Ordering::SeqCst);
        self.cancelled.store(true, Ordering::SeqCst);
        let work = match self.slot.try_lock() {
            Ok(mut slot) if matches!(&*slot, Slot::Work(work) if !work.is_ready()) => {
                std::mem::replace(&mut *slot, Slot::Failed(Box::new(Failure::ShutDown)))
            }
            // Its output is on its way, or whoever polls it drops it.
            _ => return false,
        };
        self.drop_inside(work);
        self.wake_driver();
        true
    }

    /// Whether the future is over, delivered or not. One that is being polled just now is not.
    pub(crate) fn has_finished(&self) -> bool {
        match self.slot.try_lock() {
            Ok(slot) => !matches!(&*slot, Slot::Work(work) if !work.is_ready()),
            Err(TryLockError::Poisoned(_)) => true,
            Err(TryLockError::WouldBlock) => false,
        }
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
    pub(super) fn advance(self: &Arc<Self>, cx: &mut Context<'_>) -> bool {
        let _polling = polling::enter();
        self.remember(cx.waker());
        if self.cancelled.load(Ordering::SeqCst) {
            self.end(self.reason());
            return true;
        }
        let done = self.poll_slot(cx);
        if done {
            self.hub.push(Arc::<Self>::clone(self));
        } else if self.cancelled.load(Ordering::SeqCst) {
            self.end(self.reason());
            return true;
        }
        done
    }

    fn poll_slot(&self, cx: &mut Context<'_>) -> bool {
        let Some(locals) = lock(&self.locals).clone() else {
            return true;
        };
        let _scope = locals::enter(locals);
        let mut slot = lock(&self.slot);
        let Slot::Work(work) = &mut *slot else {
            return true;
        };
        let polled = self
            .surroundings
            .run(|| catch_call(|| work.as_mut().poll(cx)));
        match polled {
            Ok(poll) => poll.is_ready(),
            Err(caught) => {
                let panicked = Slot::Failed(Box::new(Failure::Panicked(caught)));
                let failed = std::mem::replace(&mut *slot, panicked);
                drop(slot);
                self.drop_inside(failed);
                true
            }
        }
    }

    /// Drops the future and delivers why.
    fn end(self: &Arc<Self>, failure: Failure) {
        let work = {
            let mut slot = lock(&self.slot);
            if !matches!(*slot, Slot::Work(_)) {
                return;
            }
            std::mem::replace(&mut *slot, Slot::Failed(Box::new(failure)))
        };
        self.drop_inside(work);
        self.hub.push(Arc::<Self>::clone(self));
    }

    /// Drops a user's value where this thread is detached from Python.
    fn drop_inside(&self, value: Slot) {
        self.surroundings.run(|| drop_inside(self.runner, value));
    }

    /// Takes out what no driver polls.
    fn take(&self) -> Slot {
        std::mem::replace(&mut *lock(&self.slot), Slot::Empty)
    }

    fn take_result(&self, py: Python<'_>) -> Option<PyResult<Py<PyAny>>> {
        match self.take() {
            Slot::Work(work) => Some(self.surroundings.run(|| convert(py, work))),
            Slot::Failed(failure) => Some(Err(failure.into_error(py))),
            Slot::Empty => None,
        }
    }
}

/// Converts an output to Python; a panic of the conversion becomes an error, and so does one of dropping the rest.
#[inline]
pub(crate) fn convert(py: Python<'_>, mut work: Pin<Box<dyn Work>>) -> PyResult<Py<PyAny>> {
    catch_call(|| {
        let output = work.as_mut().output(py);
        drop(work);
        output
    })
    .unwrap_or_else(|caught| Err(caught.into()))
}

/// Drops user code's values inside the runtime's context and detached from Python, and survives their panics.
pub(super) fn drop_work(py: Python<'_>, runner: &Runner, work: impl Send) {
    let surroundings = Surroundings::current(py);
    py.detach(|| surroundings.run(|| drop_inside(runner, work)));
}

/// Passes on what is needed for some work; where that failed, drops the work as [`drop_work`] does.
pub(crate) fn or_drop<T, W: Send>(
    py: Python<'_>,
    runner: &Runner,
    needed: PyResult<T>,
    work: W,
) -> PyResult<(T, W)> {
    match needed {
        Ok(needed) => Ok((needed, work)),
        Err(error) => {
            drop_work(py, runner, work);
            Err(error)
        }
    }
}

/// As [`drop_work`], where the thread is detached already.
fn drop_inside(runner: &Runner, work: impl Sized) {
    let mut work = Some(work);
    let dropped = catch_call(|| (runner.enter)(&mut || drop(work.take())));
    // The panic has been printed, and there is nobody left to tell.
    drop(dropped);
}

impl Deliver for Task {
    fn deliver(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        let (target, locals) = (lock(&self.target).take(), lock(&self.locals).take());
        let Some((target, registration)) = target else {
            py.detach(|| self.drop_inside(self.take()));
            return Ok(());
        };
        drop(locals);
        drop(registration);
        match self.take_result(py) {
            Some(result) => (target.settle)(target.future.bind(py), result),
            None => Ok(()),
        }
    }

    fn discard(self: Arc<Self>) -> bool {
        let target = lock(&self.target).take();
        let is_idle = self.drop_idle_work();
        drop(target);
        is_idle
    }

    fn leave_behind(self: Arc<Self>, py: Python<'_>) -> PyResult<()> {
        // A thread that this process does not have may have taken the lock. The future stays where it is.
        let target = self.target.try_lock().ok().and_then(|mut it| it.take());
        let Some((target, _)) = target else {
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
        if self.fail_idle_work() {
            self.hub.push(Arc::<Self>::clone(&self));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Panics of user code are caught before they pass a guard.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
