//! The workers of a run.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Request;
use super::process::{Process, SharedChild};
use super::protocol::Reply;
use crate::job::Ended;
use crate::outcome::Outcome;

type Done = Box<dyn FnOnce(Ended) + Send>;

/// Worker processes, each with a thread here that talks to it.
pub(crate) struct Pool {
    jobs: Option<Sender<Job>>,
    hands: Vec<Hand>,
}

struct Job {
    request: Request,
    timeout: Option<Duration>,
    done: Done,
}

/// The thread that talks to a worker.
struct Hand {
    thread: JoinHandle<()>,
    /// The worker that is at work; it has to be killed when nobody waits for it any more.
    busy: Arc<Mutex<Option<SharedChild>>>,
}

impl Pool {
    /// Makes room for so many workers. Each starts when there is something to do for it.
    pub(crate) fn start(size: usize, passes_output: bool) -> io::Result<Self> {
        let (jobs, received) = mpsc::channel();
        let received = Arc::new(Mutex::new(received));
        let hands = (0..size).map(|number| Hand::start(number, &received, passes_output));
        Ok(Self {
            hands: hands.collect::<io::Result<_>>()?,
            jobs: Some(jobs),
        })
    }

    /// Has a trial run by the next worker that is free.
    pub(crate) fn submit(&self, request: Request, timeout: Option<Duration>, done: Done) {
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(Job {
                request,
                timeout,
                done,
            });
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.jobs = None;
        for hand in &self.hands {
            if let Some(child) = hand
                .busy
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take()
            {
                let _ = child.lock().unwrap_or_else(PoisonError::into_inner).kill();
            }
        }
        for hand in self.hands.drain(..) {
            let _ = hand.thread.join();
        }
    }
}

impl Hand {
    fn start(
        number: usize,
        jobs: &Arc<Mutex<Receiver<Job>>>,
        passes_output: bool,
    ) -> io::Result<Self> {
        let busy = Arc::new(Mutex::new(None));
        let mut worker = Worker {
            process: None,
            passes_output,
            busy: busy.clone(),
        };
        let jobs = jobs.clone();
        let thread = thread::Builder::new()
            .name(format!("test-worker-{number}"))
            .spawn(move || {
                while let Some(job) = next(&jobs) {
                    let ended = worker.run(&job.request, job.timeout);
                    (job.done)(ended);
                }
                if let Some(process) = worker.process.take() {
                    process.end();
                }
            })?;
        Ok(Self { thread, busy })
    }
}

fn next(jobs: &Mutex<Receiver<Job>>) -> Option<Job> {
    jobs.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .recv()
        .ok()
}

/// Says whether a socket gave up waiting.
fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// A worker process that is replaced when it has gone.
struct Worker {
    process: Option<Process>,
    passes_output: bool,
    busy: Arc<Mutex<Option<SharedChild>>>,
}

impl Worker {
    fn run(&mut self, request: &Request, timeout: Option<Duration>) -> Ended {
        // A worker that has run the trial before cannot do so again, but a fresh one can.
        for _ in 0..2 {
            if let Some(ended) = self.attempt(request, timeout) {
                return ended;
            }
        }
        let reason = format!(
            "the worker process has no test of the name {:?}",
            request.name
        );
        Ended::without_output(Outcome::FailedBecause(reason))
    }

    /// Runs a trial, or returns `None` if the worker does not have it.
    fn attempt(&mut self, request: &Request, timeout: Option<Duration>) -> Option<Ended> {
        let mut process = match self.process.take().map_or_else(|| self.start(), Ok) {
            Ok(process) => process,
            Err(ended) => return Some(ended),
        };
        self.set_busy(Some(process.child()));
        let reply = process.run(request, timeout);
        self.set_busy(None);
        let output = process.take_output().unwrap_or_default();
        match reply {
            Ok(Reply::Ended { outcome, time }) => {
                self.process = Some(process);
                Some(Ended {
                    outcome,
                    output,
                    elapsed: time,
                })
            }
            Ok(Reply::Ready | Reply::Unavailable) => {
                process.end();
                None
            }
            Err(error) => Some(Ended {
                outcome: match timeout {
                    Some(timeout) if is_timeout(&error) => process.kill(timeout),
                    _ => process.autopsy(),
                },
                output,
                elapsed: None,
            }),
        }
    }

    fn start(&self) -> Result<Process, Ended> {
        let mut process = Process::start(self.passes_output).map_err(|error| {
            let reason = format!("the worker process could not be started: {error}");
            Ended::without_output(Outcome::FailedBecause(reason))
        })?;
        self.set_busy(Some(process.child()));
        match process.await_ready() {
            Ok(()) => Ok(process),
            Err(_) => Err(Ended {
                output: process.take_output().unwrap_or_default(),
                outcome: process.autopsy(),
                elapsed: None,
            }),
        }
    }

    fn set_busy(&self, child: Option<SharedChild>) {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner) = child;
    }
}
