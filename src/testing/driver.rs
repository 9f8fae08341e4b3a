//! Runs the harness on a thread of its own while Python's event loop has the main thread.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use libtest_async::{Arguments, Conclusion, Trial};
use pyo3::intern;
use pyo3::prelude::*;

use super::output::Redirected;
use super::runtime::Runtime;
use super::session::Session;
use crate::{TaskLocals, asyncio};

/// Runs the trials to their end beside a new event loop on this thread, which has to be the main one.
///
/// # Errors
///
/// `KeyboardInterrupt` and what else ends a loop from inside.
pub(super) fn run(
    py: Python<'_>,
    session: &Session,
    arguments: &Arguments,
    trials: Vec<Trial>,
    runtime: &'static Runtime,
) -> PyResult<Conclusion> {
    let event_loop = asyncio::new_event_loop(py)?.call0()?;
    asyncio::set_event_loop(py)?.call1((&event_loop,))?;
    let redirected = Redirected::new(&event_loop)?;
    session.begin(TaskLocals::new(event_loop.clone()));
    let stop = event_loop.clone().unbind();
    // Its panics, about variables of the environment, belong to this thread.
    let run = libtest_async::run_async(arguments, trials, runtime.spawn);
    let harness = thread::spawn(move || {
        let conclusion = block_on(run);
        Python::attach(|py| stop_loop(stop.bind(py)));
        conclusion
    });
    let ended = event_loop.call_method0(intern!(py, "run_forever"));
    let conclusion = match ended {
        Ok(_) => Ok(py
            .detach(|| harness.join())
            .expect("the harness does not panic")),
        Err(error) => Err(error),
    };
    close(&event_loop)?;
    redirected.restore(py)?;
    conclusion
}

/// Ends the loop from another thread. It cannot be closed before it has stopped.
fn stop_loop(event_loop: &Bound<'_, PyAny>) {
    let stopped = event_loop
        .getattr(intern!(event_loop.py(), "stop"))
        .and_then(|stop| asyncio::call_soon_threadsafe(event_loop, &stop));
    if let Err(error) = stopped {
        error.write_unraisable(event_loop.py(), Some(event_loop));
    }
}

/// Cancels what the tests left behind and closes the loop, as `asyncio.run` does.
///
/// The default executor is not waited for: a thread that a test left blocked would keep the report's exit code back.
fn close(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = event_loop.py();
    let tasks = asyncio::all_tasks(py)?.call1((event_loop,))?;
    let tasks: Vec<_> = tasks.try_iter()?.collect::<PyResult<_>>()?;
    for task in &tasks {
        task.call_method0(intern!(py, "cancel"))?;
    }
    if !tasks.is_empty() {
        let wait = py.import("asyncio")?.call_method1("wait", (tasks,))?;
        event_loop.call_method1(intern!(py, "run_until_complete"), (wait,))?;
    }
    let generators = event_loop.call_method0(intern!(py, "shutdown_asyncgens"))?;
    event_loop.call_method1(intern!(py, "run_until_complete"), (generators,))?;
    asyncio::set_event_loop(py)?.call1((py.None(),))?;
    event_loop.call_method0(intern!(py, "close"))?;
    Ok(())
}

/// Unparks the thread that waits in [`block_on`].
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls a future on this thread until it is ready.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
