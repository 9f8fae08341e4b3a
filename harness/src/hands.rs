//! Threads that start those of tests and wait for their end, or run the tests themselves.
//!
//! A thread could also be started by the one whose test has just ended. But a new thread has its
//! share of the processor counted from where its parent stands, so that each of such a chain would
//! start a little behind the one before, and behind everything else that the machine has to do.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::unwind;

/// Work for one thread.
struct Work {
    name: String,
    /// Runs on the thread.
    run: Box<dyn FnOnce() + Send>,
    /// Runs when `run` has, or was dropped as there was no thread to be had. If the thread was its
    /// own then it has ended, and with it everything that it kept for itself.
    then: Box<dyn FnOnce() + Send>,
}

/// The thread that work runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thread {
    /// One of its own, which bears its name.
    Own,
    /// The hand itself, one after the other.
    Reused,
}

/// As many threads as there is work for at once. They end when this is dropped, and the work is
/// done.
pub(crate) struct Hands(Arc<Shared>);

struct Shared {
    thread: Thread,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Work>,
    /// Hands that do not wait for a thread.
    free: usize,
    /// Those of them that wait for work. The others are about to look for it.
    waiting: usize,
    is_closed: bool,
}

impl Hands {
    pub(crate) fn new(thread: Thread) -> Self {
        Self(Arc::new(Shared {
            thread,
            state: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// Returns what kind of thread work runs on.
    pub(crate) fn thread(&self) -> Thread {
        self.0.thread
    }

    /// Has `run` run, on a new thread of this name if work has threads of its own, and then `then`
    /// on a hand.
    pub(crate) fn start(
        &self,
        name: String,
        run: impl FnOnce() + Send + 'static,
        then: impl FnOnce() + Send + 'static,
    ) {
        let work = Work {
            name,
            run: Box::new(run),
            then: Box::new(then),
        };
        let mut state = self.0.lock();
        state.queue.push_back(work);
        if state.queue.len() <= state.free - state.waiting {
            return;
        }
        if state.waiting > 0 {
            self.0.changed.notify_one();
        } else {
            state.free += 1;
            drop(state);
            self.add();
        }
    }

    fn add(&self) {
        let shared = self.0.clone();
        let name = match self.0.thread {
            Thread::Own => "test-starter",
            Thread::Reused => "test-thread",
        };
        let added = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || shared.work());
        if added.is_err() {
            // Without any thread the work is dropped, which those who wait for it are told.
            let mut state = self.0.lock();
            state.free -= 1;
            let work = state.queue.pop_back();
            drop(state);
            if let Some(Work { run, then, .. }) = work {
                drop(run);
                then();
            }
        }
    }
}

impl Drop for Hands {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_all();
    }
}

impl Shared {
    fn work(&self) {
        while let Some(Work { name, run, then }) = self.next() {
            match self.thread {
                Thread::Own => {
                    // If there is no thread to be had then `run` is dropped here.
                    if let Ok(thread) = thread::Builder::new().name(name).spawn(run) {
                        let _ = thread.join();
                    }
                }
                Thread::Reused => drop(unwind::contain(run)),
            }
            self.lock().free += 1;
            // Whoever counts on this hand must find it, whatever a waker of the user's does.
            unwind::contain(then);
        }
    }

    fn next(&self) -> Option<Work> {
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
            state.waiting += 1;
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::panic;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

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
        let hands = Hands::new(Thread::Own);
        let run = move || {
            let name = thread::current().name().unwrap_or_default().to_owned();
            let _ = in_thread.send(name);
            AT_END.with(|slot| *slot.borrow_mut() = Some(at_end));
        };
        hands.start("work".to_owned(), run, move || {
            let _ = sender.send("then".to_owned());
        });
        let said: Vec<_> = received.iter().collect();
        assert_eq!(said, ["work", "variables dropped", "then"]);
    }

    #[test]
    fn work_on_reused_threads_runs_on_the_same_ones_also_after_a_panic() {
        let hands = Hands::new(Thread::Reused);
        let (sender, received) = mpsc::channel();
        let mut threads = Vec::new();
        for number in 0..3 {
            let (in_run, in_then) = (sender.clone(), sender.clone());
            let id = move || thread::current().id();
            let run = move || {
                let _ = in_run.send(id());
                panic::resume_unwind(Box::new(()));
            };
            let then = move || {
                let _ = in_then.send(id());
            };
            hands.start(number.to_string(), run, then);
            threads.extend(received.iter().take(2));
        }
        assert!(threads.iter().all(|thread| *thread == threads[0]));
    }

    #[test]
    fn a_panic_afterwards_stops_nothing() {
        let hands = Hands::new(Thread::Own);
        let (sender, received) = mpsc::channel();
        let (before, after) = (sender.clone(), sender);
        let panics = move || {
            let _ = before.send("panics");
            panic::resume_unwind(Box::new(()));
        };
        hands.start("first".to_owned(), || {}, panics);
        assert_eq!(received.recv(), Ok("panics"));
        let then = move || {
            let _ = after.send("done");
        };
        hands.start("second".to_owned(), || {}, then);
        assert_eq!(received.recv_timeout(Duration::from_secs(60)), Ok("done"));
    }

    #[test]
    fn work_that_does_not_end_keeps_nothing_waiting() {
        let hands = Hands::new(Thread::Own);
        let (release, blocked) = mpsc::channel::<()>();
        hands.start(
            "blocks".to_owned(),
            move || {
                let _ = blocked.recv();
            },
            || {},
        );
        let (sender, received) = mpsc::channel();
        for number in 0..10 {
            let sender = sender.clone();
            let then = move || {
                let _ = sender.send(number);
            };
            hands.start("ends".to_owned(), || {}, then);
        }
        drop(sender);
        assert_eq!(received.iter().count(), 10);
        drop(release);
    }
}
