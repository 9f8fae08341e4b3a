//! One test at work, on its thread.

use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread;

use libtest_async::{Completion, Failed};
use pyo3::prelude::*;

use crate::testing::python::event_loops::NoLoop;
use crate::testing::python::leaks;
use crate::testing::python::leaks::Check;
use crate::testing::python::standard_streams::TakeBack;
use crate::testing::python::thread_state::ThreadState;
use crate::testing::run::driver::block_on;
use crate::testing::runtimes::test_runtime::Runtime;
use crate::testing::session::session::Session;
use crate::testing::source_file::Source;
use crate::testing::test::expected_exception;
use crate::testing::test::failure::Failure;
use crate::testing::test::settings::Settings;
use crate::testing::test::skip;
use crate::testing::test::skip::{Caught, End};
use crate::testing::test::stacks;
use crate::testing::test::test_output::{Outcome, TestFuture};
use crate::{TaskLocals, task_locals};

/// A test and its instrumentation, shared by all attempts.
pub(crate) struct Execution {
    pub(crate) session: Arc<Session>,
    pub(crate) runtime: &'static Runtime,
    pub(crate) source: Option<Source>,
    pub(crate) settings: Settings,
    /// The locals of the current attempt, which [`describe`](Self::describe) reads on another thread.
    pub(crate) locals: Mutex<Option<TaskLocals>>,
    /// The same on their way from [`block_on`](Self::block_on) to [`run_async`](Self::run_async).
    pub(crate) prepared: Mutex<Option<Result<TaskLocals, NoLoop>>>,
    /// The body of the current attempt has ended.
    pub(crate) is_through: AtomicBool,
}

/// The function of a sync test.
pub(crate) enum Function {
    WithoutArguments(Box<dyn FnOnce() -> Outcome + Send>),
    /// Takes the event loop.
    WithLoop(fn(Py<PyAny>) -> Outcome),
}

impl Function {
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
    /// Polls an async test to its end, on its thread.
    ///
    /// # Errors
    ///
    /// What the test has spawned keeps its runtime from ending, and leaks are looked for.
    pub(crate) fn block_on(&self, test: libtest_async::TestFuture) -> Result<(), Failed> {
        let (_state, locals) = ThreadState::keep(|py| self.locals_of_test(py));
        *lock(&self.prepared) = Some(locals);
        match (self.runtime.block_on)(&self.settings, test) {
            true => Ok(()),
            false => leaks::note_blocked_runtime(self.session.checks_leaks()),
        }
    }

    /// Describes what the test is doing whose time is over.
    pub(crate) fn describe(&self) -> String {
        let locals = lock(&self.locals).take();
        let state = match (self.is_through.load(Ordering::SeqCst), &locals) {
            (true, _) => {
                "the test is through, and what it has spawned keeps its runtime from ending\n"
            }
            (false, None) => "the test has waited for Python\n",
            (false, Some(_)) => "",
        };
        state.to_owned() + &stacks::describe(&self.session, locals)
    }

    /// Returns the locals of an attempt that begins.
    fn locals_of_test(&self, py: Python<'_>) -> Result<TaskLocals, NoLoop> {
        let locals = self.session.locals_of_test(py, self.settings.event_loop)?;
        *lock(&self.locals) = Some(locals.clone());
        Ok(locals)
    }

    /// Awaits an async test.
    pub(crate) async fn run_async(
        self: Arc<Self>,
        start: Box<dyn FnOnce() -> TestFuture + Send>,
    ) -> Verdict {
        let prepared = lock(&self.prepared).take();
        let locals = match prepared.expect("`block_on` prepares what it polls") {
            Ok(locals) => locals,
            Err(no_loop) => return self.without_loop(no_loop),
        };
        let entry = self.session.stop.enter();
        let body = entry.stoppable(task_locals::scope(
            locals.clone(),
            Caught::NotStarted(start),
        ));
        self.judge(locals, None, body).await
    }

    /// Calls a sync test.
    pub(crate) fn run_sync(&self, function: Function) -> Verdict {
        let (state, prepared) = ThreadState::keep(|py| {
            let locals = self.locals_of_test(py)?;
            Ok((function.bind(py, &locals), locals))
        });
        let (function, locals) = match prepared {
            Ok(prepared) => prepared,
            Err(no_loop) => return self.without_loop(no_loop),
        };
        let _entry = self.session.stop.enter();
        let own = locals.clone();
        let body = async { call(function, own, self.runtime) };
        block_on(self.judge(locals, Some(state), body))
    }

    /// Runs the body, and has Python write what it holds back and take its streams back.
    ///
    /// `state` is that of a thread which needs Python no more after the body.
    async fn run(
        &self,
        locals: TaskLocals,
        state: Option<ThreadState>,
        body: impl Future<Output = End>,
    ) -> End {
        self.is_through.store(false, Ordering::SeqCst);
        let mut take_back = TakeBack::new(&self.session);
        let end = body.await;
        let tidy = |py: Python<'_>| {
            // Dropped while this thread is attached, as the others are. What times out from here on waits for none of
            // its tasks.
            drop(lock(&self.locals).take());
            self.is_through.store(true, Ordering::SeqCst);
            take_back.now(py);
            let is_noted = !self.session.checks_leaks() && leaks::are_there(py, &locals);
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

    /// Runs the test, and fails it for what it leaves behind if that is asked for.
    async fn judge(
        &self,
        locals: TaskLocals,
        state: Option<ThreadState>,
        body: impl Future<Output = End>,
    ) -> Verdict {
        if !self.session.checks_leaks() {
            let verdict = self.finish(self.run(locals, state, body).await);
            return self.with_escapes(verdict);
        }
        let run = self.run(locals.clone(), None, body);
        let failed = |error| Failure::Python(error).into_failed(self.source);
        let check = Check::begin(&locals).await.map_err(failed)?;
        let verdict = catch_panic(run).await.map(|end| self.finish(end));
        let left = check.end(&locals).await.map_err(failed);
        match verdict {
            Ok(verdict) => self.with_escapes(with_left(verdict, left)),
            Err(payload) => {
                print_left(left);
                panic::resume_unwind(payload)
            }
        }
    }

    fn finish(&self, end: End) -> Verdict {
        let outcome = match end {
            End::Returned(outcome) => outcome,
            End::Skipped(reason) => return Ok(Completion::ignored_with(reason)),
        };
        let result = match self.settings.raises {
            Some(class) => expected_exception::judge(outcome, class, self.source),
            None => outcome.map_err(|failure| failure.into_failed(self.source)),
        };
        result.map(|()| Completion::Completed)
    }

    /// Fails a test, unless it was skipped, for what its callbacks have raised. That of another is told at the end of the
    /// run.
    fn with_escapes(&self, verdict: Verdict) -> Verdict {
        match verdict {
            Ok(Completion::Ignored { .. }) => verdict,
            _ => with_left(verdict, Ok(self.session.escapes.take_of_current_test())),
        }
    }

    fn without_loop(&self, no_loop: NoLoop) -> Verdict {
        match no_loop {
            NoLoop::NotInstalled(name) => Ok(Completion::ignored_with(NoLoop::reason(&name))),
            NoLoop::Error(error) => Err(Failure::Python(error).into_failed(self.source)),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

/// Prints the leaks into the output of a test that panicked, behind the panic's text.
fn print_left(left: Result<Option<String>, Failed>) {
    match left {
        Ok(None) => {}
        Ok(Some(left)) => leaks::print(&format!("{left}\n")),
        Err(error) => leaks::print(&format!("{}\n", error.message().unwrap_or_default())),
    }
}

/// Calls the function with its loop current, inside the runtime's context.
fn call(function: impl FnOnce() -> Outcome, locals: TaskLocals, runtime: &Runtime) -> End {
    let _entered = task_locals::enter(locals);
    let (mut call, mut end) = (Some(function), None);
    (runtime.enter)(&mut || {
        if let Some(function) = call.take() {
            end = Some(skip::call(function));
        }
    });
    end.expect("every runtime calls the function")
}
