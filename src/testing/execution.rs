//! One test at work, from its turn to its end.

use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread;

use libtest_async::{Completion, Failed};
use pyo3::prelude::*;

use super::driver::block_on;
use super::failure::Failure;
use super::leaks::{self, Check};
use super::limit::{self, TimedOut};
use super::loops::NoLoop;
use super::outcome::{Outcome, TestFuture};
use super::place::Source;
use super::raises;
use super::runtime::Runtime;
use super::session::Session;
use super::settings::Settings;
use super::skip::{self, Caught, End};
use super::streams::TakeBack;
use crate::{TaskLocals, entry, locals};

/// What a test needs to run, once for each attempt.
#[derive(Clone)]
pub(super) struct Execution {
    pub(super) session: Arc<Session>,
    pub(super) runtime: &'static Runtime,
    pub(super) source: Option<Source>,
    pub(super) settings: Settings,
}

type Verdict = Result<Completion, Failed>;

impl Execution {
    /// Awaits an async test, on its runtime.
    pub(super) async fn run_async(self, start: Box<dyn FnOnce() -> TestFuture + Send>) -> Verdict {
        let _turn = self.session.turns.wait(self.is_alone()).await;
        // Tests that wait do not need the room for this, and there may be many.
        Box::pin(self.await_now(start)).await
    }

    async fn await_now(&self, start: Box<dyn FnOnce() -> TestFuture + Send>) -> Verdict {
        let locals = match self.session.locals_of_test(self.settings.event_loop) {
            Ok(locals) => locals,
            Err(no_loop) => return self.without_loop(no_loop),
        };
        let entry = self.session.stop.enter();
        let body = entry.stoppable(locals::scope(locals.clone(), Caught::NotStarted(start)));
        let run = async {
            let take_back = TakeBack::new(&self.session);
            let end = match self.settings.timeout {
                Some(limit) => limit::run_async(body, self.runtime, limit, locals.clone()).await,
                None => Ok(body.await),
            };
            if self.tidy(&end, &locals, take_back) {
                leaks::note(&locals).await;
            }
            end
        };
        self.judge(&locals, run).await
    }

    /// Calls a sync test, on this thread or, with a timeout, on another.
    pub(super) fn run_sync(
        self,
        function: Box<dyn FnOnce(Py<PyAny>) -> Outcome + Send>,
    ) -> Verdict {
        let _turn = block_on(self.session.turns.wait(self.is_alone()));
        let locals = match self.session.locals_of_test(self.settings.event_loop) {
            Ok(locals) => locals,
            Err(no_loop) => return self.without_loop(no_loop),
        };
        let _entry = self.session.stop.enter();
        let runtime = self.runtime;
        let body = {
            let locals = locals.clone();
            move || call(function, locals, runtime)
        };
        let run = async {
            let take_back = TakeBack::new(&self.session);
            let end = match self.settings.timeout {
                Some(limit) => limit::run_sync(body, limit, locals.clone()).await,
                None => Ok(body()),
            };
            if self.tidy(&end, &locals, take_back) {
                leaks::note(&locals).await;
            }
            end
        };
        block_on(self.judge(&locals, run))
    }

    /// Whether no other test may run at the same time; leaks of others could not be told apart.
    fn is_alone(&self) -> bool {
        self.settings.serial || self.session.checks_leaks()
    }

    /// Runs the test, and fails it for what it leaves behind if that is asked for.
    async fn judge(
        &self,
        locals: &TaskLocals,
        run: impl Future<Output = Result<End, TimedOut>>,
    ) -> Verdict {
        if !self.session.checks_leaks() {
            return self.finish(run.await);
        }
        let failed = |error| Failure::Python(error).into_failed(self.source);
        let check = Check::begin(locals).await.map_err(failed)?;
        let verdict = match catch_panic(run).await {
            // The loop may be what it is waiting for, and its report shows the tasks.
            Ok(Err(timed_out)) => return self.finish(Err(timed_out)),
            Ok(end) => Ok(self.finish(end)),
            Err(payload) => Err(payload),
        };
        let left = check.end(locals).await.map_err(failed);
        match verdict {
            Ok(verdict) => with_left(verdict, left),
            Err(payload) => {
                print_left(left);
                panic::resume_unwind(payload)
            }
        }
    }

    /// Has Python write what it holds back, and takes its streams back; says whether tasks are pending that are worth a
    /// note.
    fn tidy(
        &self,
        end: &Result<End, TimedOut>,
        locals: &TaskLocals,
        mut take_back: TakeBack,
    ) -> bool {
        // The loop may be what a test that timed out is waiting for.
        let looks_for_tasks = end.is_ok() && !self.session.checks_leaks();
        Python::attach(|py| {
            // Half a line may still stand in Python's buffer.
            entry::flush(py);
            take_back.now(py);
            looks_for_tasks && leaks::are_there(py, locals)
        })
    }

    fn finish(&self, end: Result<End, TimedOut>) -> Verdict {
        let end = match (end, self.settings.timeout) {
            (Ok(end), _) => end,
            (Err(TimedOut(stacks)), limit) => {
                return Err(format!(
                    "timed out after {:?}\n\n{stacks}",
                    limit.unwrap_or_default()
                )
                .into());
            }
        };
        let outcome = match end {
            End::Returned(outcome) => outcome,
            End::Skipped(reason) => return Ok(Completion::ignored_with(reason)),
        };
        let result = match self.settings.raises {
            Some(class) => raises::judge(outcome, class, self.source),
            None => outcome.map_err(|failure| failure.into_failed(self.source)),
        };
        result.map(|()| Completion::Completed)
    }

    fn without_loop(&self, no_loop: NoLoop) -> Verdict {
        match no_loop {
            NoLoop::NotInstalled(name) => Ok(Completion::ignored_with(NoLoop::reason(&name))),
            NoLoop::Error(error) => Err(Failure::Python(error).into_failed(self.source)),
        }
    }
}

/// Awaits a future whose panic is to be looked at first.
async fn catch_panic<T>(future: impl Future<Output = T>) -> thread::Result<T> {
    let mut future = pin!(future);
    let poll = |cx: &mut Context<'_>| match panic::catch_unwind(AssertUnwindSafe(|| {
        future.as_mut().poll(cx)
    })) {
        Ok(poll) => poll.map(Ok),
        Err(payload) => Poll::Ready(Err(payload)),
    };
    poll_fn(poll).await
}

/// Adds what the test has left behind, or why that is not known, to its own failure.
fn with_left(verdict: Verdict, left: Result<Option<String>, Failed>) -> Verdict {
    let left = match left {
        Ok(None) => return verdict,
        Ok(Some(left)) => Failed::from(left),
        Err(error) => error,
    };
    match verdict {
        Ok(Completion::Ignored { .. }) => verdict,
        Ok(Completion::Completed) => Err(left),
        Err(failed) => {
            let messages = [failed.message(), left.message()];
            let messages: Vec<&str> = messages.into_iter().flatten().collect();
            Err(messages.join("\n\n").into())
        }
    }
}

/// Shows the same with the output of a test that panicked; its message stands there too.
fn print_left(left: Result<Option<String>, Failed>) {
    match left {
        Ok(None) => {}
        Ok(Some(left)) => leaks::print(&format!("{left}\n")),
        Err(error) => leaks::print(&format!("{}\n", error.message().unwrap_or_default())),
    }
}

/// Calls the function with its loop current, inside the runtime's context.
fn call(
    function: Box<dyn FnOnce(Py<PyAny>) -> Outcome + Send>,
    locals: TaskLocals,
    runtime: &Runtime,
) -> End {
    let event_loop = Python::attach(|py| locals.event_loop(py).unbind());
    let _entered = locals::enter(locals);
    let (mut call, mut end) = (Some((function, event_loop)), None);
    (runtime.enter)(&mut || {
        if let Some((function, event_loop)) = call.take() {
            end = Some(skip::call(|| function(event_loop)));
        }
    });
    end.expect("every runtime calls the function")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::outcome::erase;
    use crate::testing::runtime;

    #[test]
    fn a_test_that_has_not_started_takes_little_room() {
        let execution = Execution {
            session: Arc::default(),
            runtime: runtime::default(),
            source: None,
            settings: Settings::new(),
        };
        let future = execution.run_async(Box::new(|| erase(Box::pin(async {}))));
        assert!(size_of_val(&future) <= 512, "{}", size_of_val(&future));
    }
}
