//! The end of the bridge: at the interpreter's exit, and when the user asks for it.
//!
//! | event | by whom, on which thread | hubs | pending conversions | futures of `spawn` and `block_on` |
//! | --- | --- | --- | --- | --- |
//! | [`shutdown`] | the user, attached to Python | stay open | end with an error, which the loops deliver | go on |
//! | [`end_loop`] | a run of this library's own that is over, on the loop's thread | that of the loop closes | of that loop: are dropped | go on |
//! | [`exit`] | `atexit`, on Python's main thread | all close | are dropped | are dropped when they are polled next |
//!
//! Each of the three then waits, detached from Python and with a time limit, until no future is being polled.
//!
//! The exit first waits for the calls of Python's that are under way on other threads (`calls`), with a limit of its own;
//! from then on such calls are refused. A loop that still runs is one of a daemon thread, which CPython ends where it
//! stands: what is pending on such a loop is dropped in Rust and leaked in Python, where it would have to be taken from under
//! the thread that steps it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use crate::bridge::event_loop::registry;
use crate::bridge::lifecycle::attached::is_attached;
use crate::bridge::lifecycle::calls;
use crate::bridge::lifecycle::in_flight::wait_until_idle;
use crate::bridge::lifecycle::inherited;
use crate::python::asyncio;

/// How long the interpreter's exit waits for Rust futures that are being polled just then, and for dispatchers that are
/// inside Python.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long the exit waits for calls of Python's on other threads: one of them may block in code of a user's.
const CALLS_TIMEOUT: Duration = Duration::from_secs(1);

/// The hook is with `atexit`.
static REGISTERED: AtomicBool = AtomicBool::new(false);

/// Ends every conversion that is pending, on all event loops: drops the Rust futures, and tells both sides.
///
/// Whatever awaits one of them in Python gets a `RuntimeError` when its loop runs next, and so do the Rust futures that
/// await Python, whose Python tasks are cancelled. Results that are on their way already are delivered. Futures that
/// are being polled end when that poll returns; it waits for that, detached from Python, and returns false when it took
/// longer than `timeout`. The event loops and the runtimes go on, and so do the futures that `spawn` or `block_on` have
/// started. Conversions that come afterwards work as ever.
///
/// The interpreter's exit does more, by itself: by `atexit`, and with a timeout of 5 seconds, so that no Rust future is
/// inside Python while the interpreter is finalised. Nothing is delivered to any loop then, and futures that `spawn` or
/// `block_on` had started are dropped instead of polled. What loops on daemon threads await stays pending: those threads end
/// where they stand. A user's own thread that attaches to Python later than that is
/// beyond it.
pub fn shutdown(py: Python<'_>, timeout: Duration) -> bool {
    py.detach(|| {
        registry::all().iter().for_each(|hub| hub.abort());
        wait_until_idle(timeout)
    })
}

/// Ends what belongs to an event loop that is not going to run any more; false when some of it was being polled for
/// longer than `timeout`.
pub(crate) fn end_loop(event_loop: &Bound<'_, PyAny>, timeout: Duration) -> bool {
    let py = event_loop.py();
    let Some(hub) = registry::find(event_loop) else {
        return true;
    };
    py.detach(|| hub.close() || wait_until_idle(timeout))
}

/// Ends everything, when the interpreter exits.
fn exit(py: Python<'_>) {
    py.detach(|| calls::wait_until_left(CALLS_TIMEOUT));
    let hubs = registry::all().into_iter().map(|hub| {
        let event_loop = hub.event_loop(py);
        let is_running = event_loop.is_some_and(|event_loop| asyncio::is_running(&event_loop));
        (hub, is_running)
    });
    let hubs: Vec<_> = hubs.collect();
    py.detach(|| {
        for (hub, is_running) in hubs {
            if is_running {
                hub.abandon();
            } else {
                hub.close();
            }
        }
        wait_until_idle(EXIT_TIMEOUT)
    });
}

/// Has [`exit`] called when the interpreter exits; does so once.
pub(crate) fn register(py: Python<'_>) -> PyResult<()> {
    if REGISTERED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    register_hook(py).inspect_err(|_| REGISTERED.store(false, Ordering::Relaxed))
}

/// As [`register`], if this thread is attached to Python: elsewhere there may be no interpreter, or it would have to wait.
pub(crate) fn register_if_attached() {
    if REGISTERED.load(Ordering::Relaxed) || !is_attached() {
        return;
    }
    Python::attach(|py| {
        if let Err(error) = register(py) {
            error.write_unraisable(py, None);
        }
    });
}

fn register_hook(py: Python<'_>) -> PyResult<()> {
    let hook = PyCFunction::new_closure(py, None, None, |args, _| {
        // Before the wait: a future that is polled after that reads it, and is dropped.
        calls::begin_exit(args.py());
        exit(args.py());
    })?;
    asyncio::atexit_register(py)?.call1((hook,))?;
    inherited::register(py)?;
    Ok(())
}
