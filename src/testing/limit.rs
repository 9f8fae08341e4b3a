//! Tests with a limit to their time.
//!
//! The test itself runs in a task or thread of its own, so that its end can be reported even while it blocks; one
//! that blocks for ever is left behind. Where it is polled again, or was waiting, it is dropped, which cancels what it
//! awaits in Python.

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use libtest_async::{TestFuture, capture};
use pyo3::ffi::c_str;
use pyo3::prelude::*;

use super::driver::block_on;
use super::race::Race;
use super::runtime::Runtime;
use super::skip::End;
use super::{current_test, leaks};
use crate::TaskLocals;

/// How long a test that was too slow is held up for a look at its stacks. Code that keeps Python to itself shows none.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a test ended with; a panic is its payload.
type Ended = Result<End, Box<dyn Any + Send>>;

/// The time was over; this is what the tasks and threads were doing.
pub(super) struct TimedOut(pub(super) String);

/// Polls what waits for the end of a test, or of its time, on a thread of its own: the test may block all threads of its
/// runtime.
pub(super) fn watch(test: TestFuture) {
    let watch = thread::Builder::new().name("test-limit".to_owned());
    // Without a thread the future is dropped, which fails the test.
    let _ = watch.spawn(|| block_on(test));
}

/// Runs a future on a runtime, for so long.
pub(super) async fn run_async(
    body: impl Future<Output = End> + Send + 'static,
    runtime: &Runtime,
    limit: Duration,
    locals: TaskLocals,
) -> Result<End, TimedOut> {
    let race = Race::start(limit);
    let given_up = Arc::new(GivenUp::default());
    let task = Task {
        body: Some(Box::pin(body)),
        race: Arc::clone(&race),
        given_up: Arc::clone(&given_up),
    };
    (runtime.spawn)(Box::pin(capture::inherit(task)));
    match race.wait().await {
        Some(ended) => Ok(ended.unwrap_or_else(|payload| panic::resume_unwind(payload))),
        None => {
            let stacks = stacks(locals).await;
            given_up.set();
            Err(TimedOut(stacks))
        }
    }
}

/// Runs a function on a thread that bears the name of this one, for so long.
pub(super) async fn run_sync(
    body: impl FnOnce() -> End + Send + 'static,
    limit: Duration,
    locals: TaskLocals,
) -> Result<End, TimedOut> {
    let race = Race::start(limit);
    let giving = Arc::clone(&race);
    let context = capture::Context::current();
    let name = thread::current().name().unwrap_or_default().to_owned();
    let run = move || context.run(|| giving.give(panic::catch_unwind(AssertUnwindSafe(body))));
    thread::Builder::new()
        .name(name)
        .spawn(run)
        .expect("the operating system gives a thread");
    match race.wait().await {
        Some(ended) => Ok(ended.unwrap_or_else(|payload| panic::resume_unwind(payload))),
        None => Err(TimedOut(stacks(locals).await)),
    }
}

/// Whether the test was given up, and whom to tell.
#[derive(Default)]
struct GivenUp(Mutex<(bool, Option<Waker>)>);

impl GivenUp {
    fn set(&self) {
        let waker = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.0 = true;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll(&self, cx: &Context<'_>) -> bool {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 = Some(cx.waker().clone());
        state.0
    }
}

/// A test that gives its end to a race.
struct Task {
    body: Option<Pin<Box<dyn Future<Output = End> + Send>>>,
    race: Arc<Race<Ended>>,
    given_up: Arc<GivenUp>,
}

impl Future for Task {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(());
        };
        if !this.given_up.poll(cx) {
            let ended = match panic::catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(cx))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(end)) => Ok(end),
                Err(payload) => Err(payload),
            };
            // What the body held is dropped before its end is told.
            this.body = None;
            this.race.give(ended);
        }
        this.body = None;
        Poll::Ready(())
    }
}

/// Describes the tasks of the test and the threads of Python, as far as that is possible in [`PATIENCE`].
async fn stacks(locals: TaskLocals) -> String {
    let race = Race::start(PATIENCE);
    let giving = Arc::clone(&race);
    thread::spawn(move || {
        let stacks = Python::attach(|py| {
            let module = PyModule::from_code(py, STACKS, c"stacks.py", c"pyo3_aio_stacks")?;
            let test = current_test::of_locals(py, &locals)?;
            let arguments = (locals.event_loop(py), test, leaks::owner(py)?);
            module
                .call_method1("stacks", arguments)?
                .extract::<String>()
        });
        giving.give(stacks.unwrap_or_else(|error| error.to_string()));
    });
    race.wait()
        .await
        .unwrap_or_else(|| "no stacks: Python is busy".to_owned())
}

const STACKS: &std::ffi::CStr = c_str!(include_str!("stacks.py"));
