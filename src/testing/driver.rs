//! Runs the harness on a thread of its own while Python's event loop has the main thread.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use libtest_async::{Arguments, Conclusion, Trial};
use pyo3::intern;
use pyo3::prelude::*;

use super::loops;
use super::output::Redirected;
use super::runtime::Runtime;
use super::session::Session;
use crate::{TaskLocals, asyncio};

/// How long the async tests have to be dropped by their runtimes.
const TIME_TO_STOP: Duration = Duration::from_millis(100);

/// Runs the trials to their end beside an event loop on this thread, which has to be the main one.
///
/// # Errors
///
/// `KeyboardInterrupt`, after the async tests were dropped, and what else ends a loop from inside.
pub(super) fn run(
    event_loop: &Bound<'_, PyAny>,
    session: &Session,
    arguments: &Arguments,
    trials: Vec<Trial>,
    runtime: &'static Runtime,
) -> PyResult<Conclusion> {
    let py = event_loop.py();
    asyncio::set_event_loop(py)?.call1((event_loop,))?;
    let redirected = Redirected::new(event_loop)?;
    session.begin(TaskLocals::new(event_loop.clone()));
    let harness = start(
        event_loop,
        libtest_async::run_async(arguments, trials, runtime.spawn),
    );
    let conclusion = match event_loop.call_method0(intern!(py, "run_forever")) {
        Ok(_) => Ok(py
            .detach(|| harness.join())
            .expect("the harness does not panic")),
        Err(error) => {
            interrupt(py, session);
            Err(error)
        }
    };
    loops::close(event_loop)?;
    session.end(py);
    redirected.restore(py)?;
    conclusion
}

/// Starts the thread that the harness runs on; it stops the loop at its end.
fn start(
    event_loop: &Bound<'_, PyAny>,
    run: impl Future<Output = Conclusion> + Send + 'static,
) -> JoinHandle<Conclusion> {
    let event_loop = event_loop.clone().unbind();
    thread::spawn(move || {
        let conclusion = block_on(run);
        Python::attach(|py| loops::stop(event_loop.bind(py)));
        conclusion
    })
}

/// Drops the async tests that are under way, as Ctrl-C does with a program, and says which tests were.
#[expect(clippy::print_stderr, reason = "the harness does not report any more")]
fn interrupt(py: Python<'_>, session: &Session) {
    let names = session.stop.set();
    py.detach(|| thread::sleep(TIME_TO_STOP));
    eprintln!("\ninterrupted while these tests were running:");
    for name in names {
        eprintln!("    {name}");
    }
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
