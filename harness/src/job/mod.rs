//! A trial at work, on a thread.

mod report;

use std::borrow::Cow;
use std::ffi::CStr;
use std::io;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use self::report::Report;
use crate::body::{BlockOn, Body, Call};
use crate::capture::{self, Context, Destination, Role, Scope};
use crate::outcome::Outcome;
use crate::task::Cancellation;
use crate::thread_pool::ThreadPool;
use crate::time::TimeLimits;
use crate::trial::Description;
use crate::unwind;

/// What a trial needs to run and to report its end.
pub(crate) struct Job {
    pub(crate) description: Arc<Description>,
    pub(crate) destination: Destination,
    pub(crate) limits: Option<TimeLimits>,
    /// Is told of the end, once.
    pub(crate) done: Box<dyn FnOnce(Ended) + Send>,
}

/// The end of a trial.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) output: Vec<u8>,
    /// How long the body took, if it ran to its end.
    pub(crate) elapsed: Option<Duration>,
}

impl Ended {
    /// Returns the end of a trial that did not run.
    pub(crate) fn ignored(reason: Option<Cow<'static, str>>) -> Self {
        Self::without_output(Outcome::Ignored { reason })
    }

    /// Returns the end of a trial that did not come to one.
    fn dropped() -> Self {
        let reason = "the test was dropped before it was through".to_owned();
        Self::without_output(Outcome::FailedBecause(reason))
    }

    /// Returns the end of a trial that did not come to its own. What is told of that stands on a line by
    /// itself, whatever the trial printed last.
    pub(crate) fn cut_short(
        outcome: Outcome,
        mut output: Vec<u8>,
        elapsed: Option<Duration>,
    ) -> Self {
        if output.last().is_some_and(|last| *last != b'\n') {
            output.push(b'\n');
        }
        Self {
            outcome,
            output,
            elapsed,
        }
    }

    /// Returns the end of a trial that found no thread to run on.
    fn without_thread(error: &io::Error) -> Self {
        let reason = format!("no thread could be started for the test: {error}");
        Self::without_output(Outcome::FailedBecause(reason))
    }

    /// Returns the end of a trial that has nothing to show.
    pub(crate) fn without_output(outcome: Outcome) -> Self {
        Self {
            outcome,
            output: Vec::new(),
            elapsed: None,
        }
    }
}

/// A way to get at a job that is under way.
#[derive(Default)]
pub(crate) struct Handle(Option<(Arc<Scope>, Arc<Cancellation>)>);

impl Handle {
    /// Gives the job up; returns what it has printed, and what cancels it, which calls a waker of the
    /// user's runtime.
    ///
    /// A future that waits is dropped on its thread then. A thread that blocks goes on; its end is of
    /// no interest.
    pub(crate) fn give_up(self) -> (Vec<u8>, Option<Arc<Cancellation>>) {
        match self.0 {
            Some((scope, cancellation)) => (scope.close(), Some(cancellation)),
            None => (Vec::new(), None),
        }
    }

    /// Returns what cancels the job.
    pub(crate) fn cancellation(&self) -> Option<Arc<Cancellation>> {
        let (_, cancellation) = self.0.as_ref()?;
        Some(cancellation.clone())
    }

    /// Returns the test that the job runs.
    pub(crate) fn context(&self) -> Context {
        Context::of(self.0.as_ref().map(|(scope, _)| scope.clone()))
    }

    /// Appends to what the job has printed.
    pub(crate) fn append(&self, text: &[u8]) {
        if let Some((scope, _)) = &self.0 {
            scope.append_or_print(text);
        }
    }
}

impl Job {
    /// Starts the body on a thread of `threads`; `measures` is for benchmarks.
    pub(crate) fn start(
        self,
        body: Body,
        measures: bool,
        block_on: Option<BlockOn>,
        threads: &ThreadPool,
    ) -> Handle {
        let scope = Scope::new(&self.description.name, self.destination);
        let Body::Here(body) = body else {
            // The report is dropped, and says that nothing was run.
            drop(Report::new(self, scope));
            return Handle::default();
        };
        let cancellation = Arc::new(Cancellation::default());
        let call = Call {
            once: !measures,
            cancellation: cancellation.clone(),
            block_on,
        };
        let own = scope.clone();
        self.on_thread(threads, |job| {
            let mut report = Report::new(job, own.clone());
            move || {
                let role = Role::of_this_thread(&own);
                let entered = capture::enter(Some(own), role);
                report.start();
                let body = || unwind::__rust_begin_short_backtrace(|| body(call));
                let result = panic::catch_unwind(AssertUnwindSafe(body));
                drop(entered);
                if let Some(result) = result.transpose() {
                    report.end(result);
                }
            }
        });
        Handle(Some((scope, cancellation)))
    }

    /// Runs what `make` returns on a thread. If that is the test's own then the end is reported when
    /// the thread has ended as well: what it keeps in thread-local variables is dropped before the
    /// next test starts.
    fn on_thread<W>(mut self, threads: &ThreadPool, make: impl FnOnce(Self) -> W)
    where
        W: FnOnce() + Send + 'static,
    {
        let end = Arc::new(Mutex::new(None));
        let slot = end.clone();
        let note = move |ended| *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
        let done = mem::replace(&mut self.done, Box::new(note));
        let name = thread_name(&self.description.name);
        threads.start(name, make(self), move |ran| {
            let ended = end.lock().unwrap_or_else(PoisonError::into_inner).take();
            done(match ran {
                Ok(()) => ended.unwrap_or_else(Ended::dropped),
                Err(error) => Ended::without_thread(&error),
            });
        });
    }
}

/// A thread's name cannot contain a null byte.
fn thread_name(test: &str) -> String {
    match CStr::from_bytes_until_nul(test.as_bytes()) {
        Ok(_) => test.replace('\0', "\u{fffd}"),
        Err(_) => test.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::thread_pool::Thread;

    #[test]
    fn a_job_that_does_not_say_how_it_ended_was_dropped() {
        let (sender, received) = mpsc::channel();
        let job = Job {
            description: Arc::new(crate::Trial::test("t", || Ok(())).description),
            destination: Destination::Nowhere,
            limits: None,
            done: Box::new(move |ended| sender.send(ended).unwrap_or_default()),
        };
        job.on_thread(&ThreadPool::new(Thread::Own), |job| || drop(job));
        assert_eq!(received.recv(), Ok(Ended::dropped()));
    }
}
