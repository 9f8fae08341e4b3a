//! The threads that run tests: each on one of its own, which a thread of the pool starts and waits
//! for, or one after the other on those of the pool.
//!
//! A thread of the pool, where all counts change with the state locked:
//!
//! | state | event, and who | next |
//! | --- | --- | --- |
//! | starting: counted as free | it takes work from the queue | busy |
//! | starting | the system refuses the thread: [`ThreadPool::start`]'s thread leaves the work to others; if there are none it drops the work, and calls `then` with the error | |
//! | busy: runs the work, or waits for the thread that does | the work has ended | free, and calls `then` |
//! | free | it finds work in the queue | busy |
//! | free | it finds none | sleeping |
//! | sleeping: still free | work comes that no waking thread will take: [`ThreadPool::start`]'s thread wakes it | free |
//! | free, sleeping | the pool is dropped, and the queue is empty | ended |
//!
//! For tests that leave something in thread-local variables: a guard of `tracing`, a connection, a folder that is removed
//! when it is dropped. Under libtest, which joins the thread of a test, the next test finds that dropped; so it does here
//! with one test at a time, and after a serial test (`tests/suite/runtime.rs`,
//! `thread_locals_of_a_test_are_dropped_before_the_next_one_starts`). Somebody has to wait for the end of each thread, and the
//! caller of the run cannot, as it may be a runtime that has other work.
//!
//! That thread also starts those of tests. It costs one context switch a test, and no time: 10,000 `Trial::test` in an
//! unoptimised build on two busy cores take 0.25 s of processor time with or without it, and 0.65 s with it and 1.1 s
//! without, where a test's thread starts the next one. Linux counts the share of a new thread from where its parent stands,
//! so that each thread of such a chain starts a little behind the one before, and behind all other work of the machine.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::args::Arguments;
use crate::unwind;

/// The stack size of a thread that starts those of tests. Tests run on it if they can get no thread of their own, as with
/// a `RUST_MIN_STACK` that is too large.
const STACK: usize = 2 << 20;

/// Work for one thread.
struct Work<T> {
    name: String,
    /// Runs on the thread.
    run: WorkFunction<T>,
    /// Called with the output of `run`, or `None` if it panicked; or with an error if no thread could be started, and `run`
    /// was dropped. If `run` had a thread of its own, that has ended, and its thread-local variables are dropped.
    then: Box<dyn FnOnce(io::Result<Option<T>>) + Send>,
}

type WorkFunction<T> = Box<dyn FnOnce() -> T + Send>;

/// The thread that work runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thread {
    /// One of its own, which bears its name; one of the pool if none can be started.
    Own,
    /// One of the pool.
    Reused,
}

impl Arguments {
    /// Returns the kind of threads that trials run on.
    pub(crate) fn thread(&self) -> Thread {
        match self.reuse_threads {
            true => Thread::Reused,
            false => Thread::Own,
        }
    }
}

/// A pool with as many threads as there is work for at once. They end when the pool is dropped and its work is done.
pub(crate) struct ThreadPool<T: Send + 'static>(Arc<PoolShared<T>>);

struct PoolShared<T> {
    thread: Thread,
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    queue: VecDeque<Work<T>>,
    /// The number of threads in the pool.
    threads: usize,
    /// The number of threads that neither run work nor wait for a thread that does.
    free: usize,
    /// The number of free threads that sleep. The other free ones are about to look for work.
    sleeping: usize,
    is_closed: bool,
}

impl<T: Send + 'static> ThreadPool<T> {
    pub(crate) fn new(thread: Thread) -> Self {
        let state = State {
            queue: VecDeque::new(),
            threads: 0,
            free: 0,
            sleeping: 0,
            is_closed: false,
        };
        Self(Arc::new(PoolShared {
            thread,
            state: Mutex::new(state),
            changed: Condvar::new(),
        }))
    }

    /// Calls `run`, on a new thread of this name if work has threads of its own, and then `then` on a thread of the pool.
    pub(crate) fn start(
        &self,
        name: String,
        run: impl FnOnce() -> T + Send + 'static,
        then: impl FnOnce(io::Result<Option<T>>) + Send + 'static,
    ) {
        let work = Work {
            name,
            run: Box::new(run),
            then: Box::new(then),
        };
        let mut state = self.0.lock();
        state.queue.push_back(work);
        if state.queue.len() > state.free {
            state.threads += 1;
            state.free += 1;
            drop(state);
            self.add_thread();
        } else if state.queue.len() > state.free - state.sleeping {
            self.0.changed.notify_one();
        }
    }

    fn add_thread(&self) {
        let shared = self.0.clone();
        let builder = match self.0.thread {
            Thread::Own => thread::Builder::new()
                .name("test-starter".to_owned())
                .stack_size(STACK),
            Thread::Reused => thread::Builder::new().name("test-thread".to_owned()),
        };
        if let Err(error) = builder.spawn(move || shared.work()) {
            self.0.leave_to_others(error);
        }
    }
}

impl<T: Send> Drop for ThreadPool<T> {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl<T: Send + 'static> PoolShared<T> {
    /// Leaves the work to the threads that there are; if there are none it is dropped.
    fn leave_to_others(&self, error: io::Error) {
        let mut state = self.lock();
        state.threads -= 1;
        state.free -= 1;
        if state.threads > 0 {
            return;
        }
        let work = state.queue.pop_back();
        drop(state);
        if let Some(Work { run, then, .. }) = work {
            // It is a user's, and may panic where the schedule's state is locked.
            unwind::contain(|| drop(run));
            then(Err(error));
        }
    }

    fn work(&self) {
        while let Some(Work { name, run, then }) = self.next() {
            let output = match self.thread {
                Thread::Own => run_on_own_thread(name, run),
                Thread::Reused => unwind::contain(run),
            };
            self.lock().free += 1;
            // `start` counts on a free thread, so that a panic of a user's waker must not end this one.
            unwind::contain(|| then(Ok(output)));
        }
    }

    fn next(&self) -> Option<Work<T>> {
        let mut state = self.lock();
        loop {
            if let Some(work) = state.queue.pop_front() {
                state.free -= 1;
                return Some(work);
            }
            if state.is_closed {
                state.free -= 1;
                return None;
            }
            state.sleeping += 1;
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.sleeping -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls `run` on a new thread, and waits for that; if none can be started, on this one. `None` says that it panicked.
fn run_on_own_thread<T: Send + 'static>(name: String, run: WorkFunction<T>) -> Option<T> {
    let slot = Arc::new(Mutex::new(Some(run)));
    let for_thread = slot.clone();
    let started = thread::Builder::new()
        .name(name)
        .spawn(move || take(&for_thread).map(|run| run()));
    match started {
        Ok(thread) => thread.join().unwrap_or_else(|payload| {
            unwind::discard(payload);
            None
        }),
        Err(_) => take(&slot).and_then(unwind::contain),
    }
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
    use std::panic;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// Nothing takes longer than this.
    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn work_runs_on_a_thread_of_its_name_and_is_followed_up_when_that_has_ended() {
        thread_local! {
            static AT_END: std::cell::RefCell<Option<Sends>> = const { std::cell::RefCell::new(None) };
        }
        struct Sends(mpsc::Sender<String>);
        impl Drop for Sends {
            fn drop(&mut self) {
                let _ = self.0.send("variables dropped".to_owned());
            }
        }
        let (sender, received) = mpsc::channel();
        let (in_thread, at_end) = (sender.clone(), Sends(sender.clone()));
        let pool = ThreadPool::new(Thread::Own);
        let run = move || {
            let name = thread::current().name().unwrap_or_default().to_owned();
            let _ = in_thread.send(name);
            AT_END.with(|slot| *slot.borrow_mut() = Some(at_end));
        };
        pool.start("work".to_owned(), run, move |_| {
            let _ = sender.send("then".to_owned());
        });
        let said: Vec<_> = received.iter().collect();
        assert_eq!(said, ["work", "variables dropped", "then"]);
    }

    #[test]
    fn work_on_reused_threads_runs_on_the_same_ones_also_after_a_panic() {
        let pool = ThreadPool::new(Thread::Reused);
        let (sender, received) = mpsc::channel();
        let mut threads = Vec::new();
        for number in 0..3 {
            let (in_run, in_then) = (sender.clone(), sender.clone());
            let id = move || thread::current().id();
            let run = move || {
                let _ = in_run.send(id());
                panic::resume_unwind(Box::new(()));
            };
            let then = move |_| {
                let _ = in_then.send(id());
            };
            pool.start(number.to_string(), run, then);
            threads.extend(received.iter().take(2));
        }
        assert!(threads.iter().all(|thread| *thread == threads[0]));
    }

    #[test]
    fn a_panic_afterwards_stops_nothing() {
        let pool = ThreadPool::new(Thread::Own);
        let (sender, received) = mpsc::channel();
        let (before, after) = (sender.clone(), sender);
        let panics = move |_| {
            let _ = before.send("panics");
            panic::resume_unwind(Box::new(()));
        };
        pool.start("first".to_owned(), || {}, panics);
        assert_eq!(received.recv(), Ok("panics"));
        let then = move |_| {
            let _ = after.send("done");
        };
        pool.start("second".to_owned(), || {}, then);
        assert_eq!(received.recv_timeout(LIMIT), Ok("done"));
    }

    #[test]
    fn work_is_not_left_to_a_thread_that_has_other_work() {
        for thread in [Thread::Own, Thread::Reused].repeat(50) {
            let pool = ThreadPool::new(thread);
            let (sender, received) = mpsc::channel();
            let ended = sender.clone();
            pool.start(
                "first".to_owned(),
                || {},
                move |_| {
                    let _ = ended.send(());
                },
            );
            assert_eq!(received.recv(), Ok(()));
            // One thread sleeps now, or will soon; the first of these needs the second.
            let (release, blocked) = mpsc::channel::<()>();
            let wait = move || {
                if blocked.recv_timeout(LIMIT).is_ok() {
                    let _ = sender.send(());
                }
            };
            pool.start("waits".to_owned(), wait, |_| {});
            let release = move || release.send(()).unwrap_or_default();
            pool.start("releases".to_owned(), release, |_| {});
            assert_eq!(received.recv(), Ok(()));
        }
    }

    #[test]
    fn work_that_does_not_end_keeps_nothing_waiting() {
        let pool = ThreadPool::new(Thread::Own);
        let (release, blocked) = mpsc::channel::<()>();
        pool.start(
            "blocks".to_owned(),
            move || {
                let _ = blocked.recv();
            },
            |_| {},
        );
        let (sender, received) = mpsc::channel();
        for number in 0..10 {
            let sender = sender.clone();
            let then = move |_| {
                let _ = sender.send(number);
            };
            pool.start("ends".to_owned(), || {}, then);
        }
        drop(sender);
        assert_eq!(received.iter().count(), 10);
        drop(release);
    }
}
