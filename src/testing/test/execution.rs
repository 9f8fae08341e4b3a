//! Executes one test on its thread.
//!
//! | state | event | actor and thread | next state |
//! | --- | --- | --- | --- |
//! | `WaitingForPython` | the thread is attached, and the loop is found | test's thread | `Running` |
//! | `WaitingForPython` | there is no loop of that name: the test is skipped, or fails | test's thread | `Ended` |
//! | `Running` | the body returns or is skipped | test's thread, which restores the standard streams | `Ended` |
//! | `Running` | the body panics, or is dropped by a timeout or Ctrl-C | test's thread | `Running` |
//! | `Ended` | the runtime ends, or is left behind | test's thread | `Ended` |
//! | any | another attempt begins (`--retries`) | test's thread | `WaitingForPython` |
//!
//! When the test's time is over, the harness's watchdog thread reads the state for its report ([`Execution::describe`]).
//! Nothing else depends on it: a sync test that is timed out cannot be stopped, and may end during the next attempt.

use std::future::poll_fn;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread;

use libtest_async::__private::close_test_values;
use libtest_async::{Completion, Failed};
use pyo3::prelude::*;

use super::expected_exception;
use super::failure::TestFailure;
use super::settings::TestSettings;
use super::skip;
use super::skip::{BodyEnd, SkippableFuture};
use super::stacks;
use super::stream_guard::StreamGuard;
use super::test_output::{Outcome, TestFuture};
use crate::testing::python::event_loops::LoopUnavailable;
use crate::testing::python::leaks;
use crate::testing::python::leaks::LeakCheck;
use crate::testing::python::thread_state::ThreadState;
use crate::testing::runtimes::block_on::block_on;
use crate::testing::runtimes::test_runtime::TestRuntime;
use crate::testing::session::session::Session;
use crate::testing::source_file::SourceLocation;
use crate::{TaskLocals, task_locals};

/// A test and its environment, shared by all attempts.
pub(crate) struct Execution {
    session: Arc<Session>,
    runtime: &'static TestRuntime,
    source: Option<SourceLocation>,
    settings: TestSettings,
    /// Never locked while a thread attaches to Python.
    progress: Mutex<AttemptState>,
    /// The result of [`attach`](Self::attach) on its way from [`block_on`](Self::block_on) to
    /// [`run_async`](Self::run_async), on the same thread.
    prepared: Mutex<Option<Result<TaskLocals, LoopUnavailable>>>,
    /// The event loop of the current attempt, if it is the test's own.
    own_loop: Mutex<Option<TaskLocals>>,
}

/// The state of the current attempt; the file's documentation has the transitions.
enum AttemptState {
    WaitingForPython,
    Running(TaskLocals),
    /// The body has ended. The runtime may wait for tasks that the test has spawned.
    Ended,
}

/// The function of a sync test.
pub(crate) enum SyncFunction {
    WithoutArguments(Box<dyn FnOnce() -> Outcome + Send>),
    /// Takes the event loop.
    WithLoop(fn(Py<PyAny>) -> Outcome),
}

impl SyncFunction {
    /// Binds the argument. A thread that is not attached to Python can call the function then.
    fn bind(self, py: Python<'_>, locals: &TaskLocals) -> Box<dyn FnOnce() -> Outcome + Send> {
        match self {
            Self::WithoutArguments(function) => function,
            Self::WithLoop(function) => {
                let event_loop = locals.event_loop(py).unbind();
                Box::new(move || function(event_loop))
            }
        }
    }
}

type Verdict = Result<Completion, Failed>;

impl Execution {
    pub(crate) fn new(
        session: &Arc<Session>,
        runtime: &'static TestRuntime,
        source: Option<SourceLocation>,
        settings: TestSettings,
    ) -> Self {
        Self {
            session: Arc::clone(session),
            runtime,
            source,
            settings,
            progress: Mutex::new(AttemptState::WaitingForPython),
            prepared: Mutex::default(),
            own_loop: Mutex::default(),
        }
    }

    /// Polls an async test to its end, on its thread. The harness passes the future that [`run_async`](Self::run_async)
    /// has returned.
    ///
    /// # Errors
    ///
    /// A task that the test has spawned keeps its runtime from ending, and leaks are looked for.
    pub(crate) fn block_on(&self, test: libtest_async::TestFuture) -> Result<(), Failed> {
        let (_state, found) = self.attach(|_, _| ());
        let _own_loop = StopOwnLoop(self);
        *lock(&self.prepared) = Some(found.map(|(locals, ())| locals));
        match (self.runtime.block_on)(&self.settings.tokio, test) {
            true => Ok(()),
            false => leaks::note_blocked_runtime(self.session.checks_leaks()),
        }
    }

    /// Describes for the report what the test does, on the harness's watchdog thread, when its time is over.
    pub(crate) fn describe(&self) -> String {
        let (text, locals) = match &*lock(&self.progress) {
            AttemptState::WaitingForPython => ("the test has waited for Python\n", None),
            AttemptState::Running(locals) => ("", Some(locals.clone())),
            AttemptState::Ended => (
                "the test is through, and what it has spawned keeps its runtime from ending\n",
                None,
            ),
        };
        text.to_owned() + &stacks::describe(&self.session, locals)
    }

    /// Begins an attempt: attaches this thread to Python, gets the locals of the loop, and calls `prepare` for them.
    fn attach<T>(
        &self,
        prepare: impl FnOnce(Python<'_>, &TaskLocals) -> T,
    ) -> (ThreadState, Result<(TaskLocals, T), LoopUnavailable>) {
        *lock(&self.progress) = AttemptState::WaitingForPython;
        ThreadState::keep(|py| {
            let found = self.session.locals_of_test(py, self.settings.event_loop);
            *lock(&self.progress) = match &found {
                Ok(locals) => AttemptState::Running(locals.clone()),
                Err(_) => AttemptState::Ended,
            };
            let locals = found?;
            if self.settings.event_loop.is_own() {
                *lock(&self.own_loop) = Some(locals.clone());
            }
            let prepared = prepare(py, &locals);
            Ok((locals, prepared))
        })
    }

    /// Awaits an async test, polled by [`block_on`](Self::block_on).
    pub(crate) async fn run_async(
        self: Arc<Self>,
        start: Box<dyn FnOnce() -> TestFuture + Send>,
    ) -> Verdict {
        let prepared = lock(&self.prepared).take();
        let locals = match prepared.expect("`block_on` prepares the attempt that it polls") {
            Ok(locals) => locals,
            Err(unavailable) => return self.without_loop(unavailable),
        };
        let running = self.session.running_tests.enter();
        let body = running.stoppable(task_locals::scope(
            locals.clone(),
            SkippableFuture::NotStarted(start),
        ));
        self.judge(locals, None, body).await
    }

    /// Calls a sync test.
    pub(crate) fn run_sync(&self, function: SyncFunction) -> Verdict {
        let (state, found) = self.attach(|py, locals| function.bind(py, locals));
        let _own_loop = StopOwnLoop(self);
        let (locals, function) = match found {
            Ok(found) => found,
            Err(unavailable) => return self.without_loop(unavailable),
        };
        let _running = self.session.running_tests.enter();
        let own = locals.clone();
        let body = async { call(function, own, self.runtime) };
        block_on(self.judge(locals, Some(state), body))
    }

    /// Runs the body, and restores Python's standard streams.
    ///
    /// `state` is passed for a thread that needs Python no more after the body.
    async fn run(
        &self,
        locals: TaskLocals,
        state: Option<ThreadState>,
        body: impl Future<Output = BodyEnd>,
    ) -> BodyEnd {
        let mut streams = StreamGuard::new(&self.session);
        let end = body.await;
        let tidy = |py: Python<'_>| {
            // The locals are dropped while this thread is attached: they hold Python objects.
            let former = mem::replace(&mut *lock(&self.progress), AttemptState::Ended);
            drop(former);
            streams.restore(py);
            let is_noted = !self.session.checks_leaks() && leaks::is_any_pending(py, &locals);
            is_noted.then_some(locals)
        };
        let left = match state {
            Some(state) => state.end(tidy),
            None => Python::attach(tidy),
        };
        if let Some(locals) = left {
            leaks::note(&locals).await;
        }
        end
    }

    /// Runs the test, and fails it for the tasks and coroutines that it leaves behind if `--leak-check` asks for that.
    async fn judge(
        &self,
        locals: TaskLocals,
        state: Option<ThreadState>,
        body: impl Future<Output = BodyEnd>,
    ) -> Verdict {
        if !self.session.checks_leaks() {
            let verdict = self.finish(self.run(locals, state, body).await);
            return self.with_callback_exits(verdict);
        }
        let run = self.run(locals.clone(), None, body);
        let failed = |error| TestFailure::Python(error).into_failed(self.source);
        let check = LeakCheck::begin(&locals).await.map_err(failed)?;
        let verdict = catch_panic(run).await.map(|end| self.finish(end));
        let left = check.end(&locals).await.map_err(failed);
        match verdict {
            Ok(verdict) => self.with_callback_exits(with_failure(verdict, left)),
            Err(payload) => {
                print_leaks(left);
                panic::resume_unwind(payload)
            }
        }
    }

    fn finish(&self, end: BodyEnd) -> Verdict {
        let outcome = match end {
            BodyEnd::Returned(outcome) => outcome,
            BodyEnd::Skipped(reason) => return Ok(Completion::ignored_with(reason)),
        };
        let result = match self.settings.raises {
            Some(class) => expected_exception::check(outcome, class, self.source),
            None => outcome.map_err(|failure| failure.into_failed(self.source)),
        };
        result.map(|()| Completion::Completed)
    }

    /// Fails a test, unless it was skipped, for the exceptions of its callbacks that have ended the loop. Those of no test
    /// that is under way are printed at the end of the run.
    fn with_callback_exits(&self, verdict: Verdict) -> Verdict {
        match verdict {
            // Not taken, so that the exceptions of a skipped test are printed at the end of the run.
            Ok(Completion::Ignored { .. }) => verdict,
            _ => with_failure(
                verdict,
                Ok(self.session.callback_exits.take_of_current_test()),
            ),
        }
    }

    /// Skips a test whose loop is not installed, or fails it with the error of the loop.
    fn without_loop(&self, unavailable: LoopUnavailable) -> Verdict {
        match unavailable {
            LoopUnavailable::NotInstalled(name) => Ok(Completion::ignored_with(
                LoopUnavailable::skip_reason(&name),
            )),
            LoopUnavailable::Error(error) => {
                Err(TestFailure::Python(error).into_failed(self.source))
            }
        }
    }
}

/// Stops the loop of a test that has one of its own, at the end of an attempt, however that ends.
struct StopOwnLoop<'a>(&'a Execution);

impl Drop for StopOwnLoop<'_> {
    fn drop(&mut self) {
        let own_loop = lock(&self.0.own_loop).take();
        if let Some(locals) = own_loop {
            Python::attach(|py| self.0.session.stop_own_loop(py, &locals));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Awaits a future, and returns its panic as an error.
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

/// Adds to a verdict what was found after the body: leaks, exceptions of callbacks, or the error that kept leaks from being
/// looked for. A skipped test stays skipped.
fn with_failure(verdict: Verdict, found: Result<Option<String>, Failed>) -> Verdict {
    let failure = match found {
        Ok(None) => return verdict,
        Ok(Some(text)) => Failed::from(text),
        Err(error) => error,
    };
    match verdict {
        Ok(Completion::Ignored { .. }) => verdict,
        Ok(Completion::Completed) => Err(failure),
        Err(failed) => {
            let messages = [failed.message(), failure.message()];
            let messages: Vec<&str> = messages.into_iter().flatten().collect();
            Err(messages.join("\n\n").into())
        }
    }
}

/// Prints the leaks into the output of a test that panicked, after the text of the panic.
fn print_leaks(left: Result<Option<String>, Failed>) {
    match left {
        Ok(None) => {}
        Ok(Some(left)) => leaks::print(&format!("{left}\n")),
        Err(error) => leaks::print(&format!("{}\n", error.message().unwrap_or_default())),
    }
}

/// Calls the function with its loop current, and closes the values of the test, inside the runtime's context.
fn call(function: impl FnOnce() -> Outcome, locals: TaskLocals, runtime: &TestRuntime) -> BodyEnd {
    let _entered = task_locals::enter(locals);
    let (mut call, mut end) = (Some(function), None);
    (runtime.enter)(&mut || {
        if let Some(function) = call.take() {
            let called = panic::catch_unwind(AssertUnwindSafe(|| skip::call(function)));
            if let Some(closing) = close_test_values() {
                block_on(closing);
            }
            end = Some(called.unwrap_or_else(|payload| panic::resume_unwind(payload)));
        }
    });
    end.expect("every runtime calls the function")
}
