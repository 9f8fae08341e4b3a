//! Runs the harness on a thread of its own while Python's event loop has the main thread.

use std::pin::pin;
use std::process;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use libtest_async::{Arguments, Conclusion, Interrupter, Trial, capture};
use pyo3::prelude::*;

use super::loops::{self, End};
use super::output::Redirected;
use super::run::status;
use super::session::Session;
use crate::{TaskLocals, asyncio};

/// How long a loop may be busy when all tests have ended.
const TIME_TO_STOP_THE_LOOP: Duration = Duration::from_secs(2);

/// How long the parent of a worker has to report an interruption, which ends the worker's harness.
const TIME_OF_THE_PARENT: Duration = Duration::from_secs(2);

/// How long the async tests have to be dropped by their runtimes.
const TIME_TO_STOP: Duration = Duration::from_secs(1);

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
) -> PyResult<Conclusion> {
    let py = event_loop.py();
    asyncio::set_event_loop(py)?.call1((event_loop,))?;
    let redirected = Redirected::new(event_loop)?;
    session.begin(
        TaskLocals::new(event_loop.clone()),
        Arc::clone(&redirected.streams),
    );
    let (end, (stopped, has_stopped)) = (End::default(), mpsc::channel());
    let (run, interrupter) = libtest_async::run_interruptible(arguments, trials);
    session.set_interrupter(interrupter.clone());
    let (harness, has_ended) = start(event_loop, end.clone(), has_stopped, run);
    let conclusion = match end.run(event_loop) {
        Ok(()) => {
            drop(stopped);
            Ok(py
                .detach(|| harness.join())
                .expect("the harness does not panic"))
        }
        Err(error) => {
            drop(stopped);
            interrupt(py, session, &interrupter, has_ended);
            Err(error)
        }
    };
    loops::close(event_loop)?;
    session.end(py);
    redirected.restore(py)?;
    conclusion
}

/// Starts the thread that the harness runs on; it stops the loop at its end, which closes the channel. The channel that
/// is returned closes with the thread.
fn start(
    event_loop: &Bound<'_, PyAny>,
    end: End,
    has_stopped: Receiver<()>,
    run: impl Future<Output = Conclusion> + Send + 'static,
) -> (JoinHandle<Conclusion>, Receiver<()>) {
    let event_loop = event_loop.clone().unbind();
    let (running, has_ended) = mpsc::channel();
    let harness = thread::spawn(move || {
        let _running: Sender<()> = running;
        let conclusion = block_on(run);
        Python::attach(|py| end.stop(event_loop.bind(py)));
        if has_stopped.recv_timeout(TIME_TO_STOP_THE_LOOP) == Err(RecvTimeoutError::Timeout) {
            exit(&conclusion);
        }
        conclusion
    });
    (harness, has_ended)
}

/// Ends the process while a test that has timed out keeps the loop's thread.
fn exit(conclusion: &Conclusion) -> ! {
    let words = "a test keeps the event loop busy, which is not closed therefore\n";
    capture::Context::default().print(words.as_bytes());
    process::exit(status(conclusion).into())
}

/// Reports what ran, and drops the async tests that are under way, as Ctrl-C does with a program.
fn interrupt(
    py: Python<'_>,
    session: &Session,
    interrupter: &Interrupter,
    has_ended: Receiver<()>,
) {
    py.detach(move || {
        if !interrupter.interrupt() {
            // The parent of a worker had the signal as well. If this process ended before the parent it would be for
            // the test that runs here to explain.
            let _ = has_ended.recv_timeout(TIME_OF_THE_PARENT);
        }
        session.stop.set(TIME_TO_STOP);
    });
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
