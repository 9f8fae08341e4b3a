//! A trial at work, on a thread.

mod test_thread;
mod thread_pool;

use std::borrow::Cow;
use std::ffi::CStr;
use std::io;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::test_thread::{ENDING_LIMIT, FLUSH_LIMIT, JobPhase};
use self::test_thread::{PendingEnd, TestThread};
pub(crate) use self::thread_pool::{Thread, ThreadPool};
use crate::args::TimeLimits;
use crate::capture::{Context, Destination, Scope, flush};
use crate::event::Outcome;
use crate::shared::{FixtureTimes, OpenValues, close_test_values};
use crate::trial::{BlockOn, Body, BodyArguments, Cancellation, Description};

/// A trial that is ready to start, and the receiver of its end.
pub(crate) struct Job<D> {
    pub(crate) description: Arc<Description>,
    pub(crate) destination: Destination,
    pub(crate) limits: Option<TimeLimits>,
    /// Called once, with the end.
    pub(crate) done: D,
}

/// The end of a trial.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) outcome: Outcome,
    pub(crate) output: Vec<u8>,
    /// How long the body took, if it ran to its end.
    pub(crate) elapsed: Option<Duration>,
    pub(crate) fixtures: Option<Box<FixtureTimes>>,
}

impl Ended {
    /// Returns the end of a trial that did not run.
    pub(crate) fn ignored(reason: Option<Cow<'static, str>>) -> Self {
        Self::without_output(Outcome::Ignored { reason })
    }

    /// Returns the end of a trial whose body was dropped before it returned.
    fn dropped() -> Self {
        let reason = "the test was dropped before it was through".to_owned();
        Self::without_output(Outcome::FailedBecause(reason))
    }

    /// Returns the end of a trial that the harness has ended. A newline follows half a line of its output, so that
    /// the reason stands on a line of its own.
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
            fixtures: None,
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
            fixtures: None,
        }
    }
}

/// Access to a job that is running.
#[derive(Default)]
pub(crate) struct Handle(Option<Started>);

struct Started {
    scope: Arc<Scope>,
    cancellation: Arc<Cancellation>,
    pending_end: Arc<PendingEnd>,
}

impl Handle {
    /// Gives the job up; returns its end, and its cancellation, which calls a waker of the user's runtime.
    ///
    /// The end is its own if the body has returned, and else `outcome`, after `elapsed`. A future that waits
    /// is dropped on its thread then. A thread that blocks goes on; its end is of no interest.
    ///
    /// Returns `None`, having done nothing, if the thread is about to report the end, unless `is_overdue`.
    pub(crate) fn give_up(
        &mut self,
        outcome: Outcome,
        elapsed: Option<Duration>,
        is_overdue: bool,
    ) -> Option<(Ended, Option<Arc<Cancellation>>)> {
        let Some(started) = &self.0 else {
            return Some((Ended::cut_short(outcome, Vec::new(), elapsed), None));
        };
        let ended = match started.pending_end.take() {
            Ok(end) => end.into_ended(&started.scope),
            Err(JobPhase::Ending) if !is_overdue => return None,
            Err(_) => Ended::cut_short(outcome, started.scope.close(), elapsed),
        };
        let cancellation = self.0.take().map(|started| started.cancellation);
        Some((ended, cancellation))
    }

    /// Returns the end of a body that has returned, unless its thread has taken that.
    pub(crate) fn take_returned(&self) -> Option<Ended> {
        let started = self.0.as_ref()?;
        let end = started.pending_end.take().ok()?;
        Some(end.into_ended(&started.scope))
    }

    /// Returns the phase that the job is in; `None` if it does not run in this process.
    pub(crate) fn phase(&self) -> Option<JobPhase> {
        Some(self.0.as_ref()?.pending_end.phase())
    }

    /// Returns the cancellation of the job.
    pub(crate) fn cancellation(&self) -> Option<Arc<Cancellation>> {
        Some(self.0.as_ref()?.cancellation.clone())
    }

    /// Returns the values that the test has for itself, if there are any.
    pub(crate) fn open_values(&self) -> Option<OpenValues> {
        OpenValues::of(&self.0.as_ref()?.scope)
    }

    /// Returns the test that the job runs.
    pub(crate) fn context(&self) -> Context {
        Context::of(self.0.as_ref().map(|started| started.scope.clone()))
    }

    /// Writes out half a line that the job may have left in std's buffer.
    pub(crate) fn flush(&self) {
        if self.0.is_some() {
            self.context().run(flush::flush_stdout);
        }
    }

    /// Appends to what the job has printed.
    pub(crate) fn append(&self, text: &[u8]) {
        if let Some(started) = &self.0 {
            started.scope.append_or_print(text);
        }
    }
}

impl<D: FnOnce(Ended) + Send + 'static> Job<D> {
    /// Starts the body on a thread of `threads`; `measures` is for benchmarks.
    ///
    /// If the thread is the test's own, `done` is called when that thread has ended: its thread-local variables are
    /// dropped before the next test starts.
    pub(crate) fn start(
        self,
        body: Body,
        measures: bool,
        block_on: Option<BlockOn>,
        threads: &ThreadPool<Ended>,
    ) -> Handle {
        let Self {
            description,
            destination,
            limits,
            done,
        } = self;
        let scope = Scope::new(description.name.clone(), destination);
        let Body::InProcess(body) = body else {
            // Such a trial runs in another process.
            done(Ended::dropped());
            return Handle::default();
        };
        let cancellation = Arc::new(Cancellation::default());
        let call = BodyArguments {
            once: !measures,
            cancellation: cancellation.clone(),
            block_on,
            close: close_test_values,
        };
        let name = thread_name(description.name.clone());
        let pending_end = Arc::<PendingEnd>::default();
        let thread = TestThread::new(description, limits, scope.clone(), pending_end.clone());
        let own = scope.clone();
        threads.start(
            name,
            move || thread.run(move || body(call)),
            move |ran| {
                done(match ran {
                    Ok(ended) => ended.unwrap_or_else(|| Ended {
                        output: own.close(),
                        ..Ended::dropped()
                    }),
                    Err(error) => Ended::without_thread(&error),
                });
            },
        );
        Handle(Some(Started {
            scope,
            cancellation,
            pending_end,
        }))
    }
}

/// A thread's name cannot contain a null byte.
fn thread_name(test: String) -> String {
    match CStr::from_bytes_until_nul(test.as_bytes()) {
        Ok(_) => test.replace('\0', "\u{fffd}"),
        Err(_) => test,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::job::Thread;

    #[test]
    fn a_job_that_does_not_come_to_an_end_was_dropped() {
        let (sender, received) = mpsc::channel();
        let job = Job {
            description: Arc::new(crate::Trial::test("t", || Ok(())).description),
            destination: Destination::Scope,
            limits: None,
            done: move |ended| sender.send(ended).unwrap_or_default(),
        };
        let cancelled = Body::InProcess(Box::new(|_| None));
        let pool = ThreadPool::new(Thread::Own);
        job.start(cancelled, false, None, &pool);
        assert_eq!(received.recv(), Ok(Ended::dropped()));
    }
}
