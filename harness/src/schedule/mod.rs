//! Runs a plan.
//!
//! A thread with a message (a trial has ended, an alarm went off) puts it into a queue, and tries to lock the state. The
//! one that gets the lock drives the schedule: it handles the messages, reports, and starts the next trials. The
//! others leave their messages to it. So no thread has to be woken for the report, and no runtime has to be free; the
//! future that the caller awaits starts the first trials and waits for the result. No user's code is called with
//! the state locked: see [`deferred_drops`].
//!
//! A trial, where "driver" is the thread that drives the schedule:
//!
//! | state | event, and who | next |
//! | --- | --- | --- |
//! | queued ([`queue`]) | there is room for it: the driver starts its thread, or submits it to the pool of workers | running, waiting |
//! | queued | its attributes say so: the driver | ignored |
//! | waiting for a worker process ([`mod@running`]) | `Started`: the pool's thread for that worker | running |
//! | running | `Ended`: the thread that has waited for the test's, or the pool's | ended |
//! | running | its time is over (`Tick`, from the watchdog), and it has a description: the driver starts a thread for that | described |
//! | running | its time is over, and it has none: the driver | dropped, given up |
//! | running | its body has returned, and its thread waits for std's lock for more than a second (`Tick`): the driver | ended |
//! | described | `Described`, or the limit for that passes: the driver | dropped, given up |
//! | dropped: its future is cancelled | `Ended`, or the limit for the drop passes: the driver | ended, given up |
//! | given up: its thread is left alone, its scope is closed | at once: the driver | ended |
//! | ended | it has failed, and has an attempt left: the driver | queued, as the first |
//! | ended, ignored | the driver reports it, and counts it in the tally | |

mod deferred_drops;
mod exit_deadline;
mod phase;
mod queue;
mod retry;
mod running;
mod settings;
mod state;
mod stuck_lock;
mod watchdog;

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::process;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError, Weak};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use crate::args::INTERRUPTED;
use crate::event::Tally;
use crate::job::Ended;
use crate::oneshot::Oneshot;
use crate::process::ExitGuard;
use crate::shared;

pub(crate) use self::settings::Settings;
pub(crate) use self::state::State;

/// A message to the schedule.
enum Message {
    /// The trial of this number started in a worker process.
    Started(usize),
    /// The trial of this number ended.
    Ended(usize, Ended),
    /// The trial of this number, whose time is over, is described by this text.
    Described(usize, String),
    /// The set-up of a worker process has failed, and has printed this.
    SetupFailed(Vec<u8>),
    /// For this reason no trial can come to its end any more.
    GivenUp(String),
    /// An alarm went off.
    Tick,
}

/// Shared by all threads that may have messages.
struct Driver {
    messages: Mutex<VecDeque<Message>>,
    /// Locked by the thread that drives the schedule. Those that have messages do not wait for it.
    state: Mutex<State>,
    result: Oneshot<io::Result<Tally>>,
}

impl Driver {
    /// Hands over a message, and drives the schedule unless another thread does.
    fn send(self: &Arc<Self>, message: Message) {
        lock(&self.messages).push_back(message);
        self.drive();
    }

    /// Handles the messages, unless another thread does.
    fn drive(self: &Arc<Self>) {
        loop {
            let mut state = match self.state.try_lock() {
                Ok(state) => state,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                // The thread that has the lock looks at the messages again after it has unlocked.
                Err(TryLockError::WouldBlock) => return,
            };
            let handled = self.next().map(|message| state.handle(message, self));
            let result = handled.flatten();
            if result.is_some() && state.has_given_up() {
                exit_deadline::watch(Arc::downgrade(self));
            }
            let deferred = state.take_deferred();
            drop(state);
            drop(deferred);
            // This wakes whoever awaits the run, who may look at the state at once.
            if let Some(result) = result {
                self.result.put(result);
            }
            if lock(&self.messages).is_empty() {
                return;
            }
        }
    }

    fn next(&self) -> Option<Message> {
        lock(&self.messages).pop_front()
    }
}

/// Returns the reaction of a run to Ctrl-C.
fn interruption(driver: &Arc<Driver>) -> impl FnOnce() + Send + 'static + use<> {
    let driver = Arc::downgrade(driver);
    move || {
        let deadline = Instant::now() + shared::CLOSING_LIMIT;
        let _guard = ExitGuard::after_failure();
        if let Some(driver) = driver.upgrade() {
            let (pool, cancelled) = lock(&driver.state).interrupt_all();
            cancelled.close_values(shared::CLOSING_LIMIT);
            // Not with the state locked: the threads that wait for workers may have messages.
            if let Some(pool) = pool {
                pool.end(Some(shared::CLOSING_LIMIT));
            }
        }
        shared::close_in_time(deadline.saturating_duration_since(Instant::now()));
        process::exit(INTERRUPTED);
    }
}

/// Ends the report of a run from outside; see [`run_interruptible`](crate::run_interruptible).
#[derive(Debug, Clone, Default)]
pub struct Interrupter(Weak<Driver>);

impl Interrupter {
    /// Fails the trials that run, and those that have not started, for this reason; then the run ends.
    ///
    /// For programs that find out that no trial can come to its end any more, as one that was given
    /// up keeps what all of them need. Does nothing where [`interrupt`](Self::interrupt) does nothing.
    pub fn give_up(&self, reason: impl Into<String>) {
        if let Some(driver) = self.0.upgrade() {
            driver.send(Message::GivenUp(reason.into()));
        }
    }

    /// Reports what ran until now, with the failures, the names of the tests that are running, and
    /// the files that were asked for, as Ctrl-C does. Nothing is reported after that, and the run
    /// does not end: the process is to, with exit code 130. What tests [share](crate::Shared) is not closed:
    /// [`close_shared`](crate::close_shared) does that.
    ///
    /// Returns `false`, having done nothing, where there is nothing to report: when the run is over,
    /// where trials are only listed, and in a worker of `--isolate`, whose parent does it.
    pub fn interrupt(&self) -> bool {
        match self.0.upgrade() {
            Some(driver) => lock(&driver.state).interrupt(),
            None => false,
        }
    }
}

/// Returns a function that finds the names of the running tests. It returns none if the state stays locked.
fn running(driver: &Arc<Driver>) -> impl Fn() -> Vec<String> + Send + 'static + use<> {
    let driver = Arc::downgrade(driver);
    move || {
        let Some(driver) = driver.upgrade() else {
            return Vec::new();
        };
        // The thread that has locked the state unlocks it soon, unless it is this one.
        for _ in 0..100 {
            if let Ok(state) = driver.state.try_lock() {
                return state.running();
            }
            thread::sleep(Duration::from_millis(1));
        }
        Vec::new()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run. It starts when it is first polled, and is abandoned when it is dropped: then it reports
/// nothing more and starts no more trials.
pub(crate) struct Schedule {
    driver: Arc<Driver>,
    is_started: bool,
}

impl Schedule {
    pub(crate) fn new(state: State) -> Self {
        let driver = Driver {
            messages: Mutex::default(),
            state: Mutex::new(state),
            result: Oneshot::new(),
        };
        Self {
            driver: Arc::new(driver),
            is_started: false,
        }
    }

    /// Returns what interrupts the run.
    pub(crate) fn interrupter(&self) -> Interrupter {
        Interrupter(Arc::downgrade(&self.driver))
    }

    fn start(&mut self) {
        self.is_started = true;
        let (started, deferred) = {
            let mut state = lock(&self.driver.state);
            (state.begin(&self.driver), state.take_deferred())
        };
        if let Some(result) = started {
            self.driver.result.put(result);
        }
        drop(deferred);
        // Messages that came meanwhile found the state locked.
        self.driver.drive();
    }
}

impl Future for Schedule {
    type Output = io::Result<Tally>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.is_started {
            self.start();
        }
        let polled = self.driver.result.poll(cx);
        if polled.is_ready() {
            let remains = lock(&self.driver.state).clean_up();
            remains.end();
        }
        polled
    }
}

impl Drop for Schedule {
    fn drop(&mut self) {
        let remains = lock(&self.driver.state).abandon();
        remains.end();
    }
}
