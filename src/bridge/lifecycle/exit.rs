//! The end of the bridge: at the interpreter's exit, and when the user asks for it.
//!
//! | event | by whom, on which thread | hubs | pending conversions | futures of `spawn` and `block_on` |
//! | --- | --- | --- | --- | --- |
//! | [`shutdown`] | the user, attached to Python | stay open | end with an error, which the loops deliver | go on |
//! | [`end_loop`] | a run of this library's own that is over, on the loop's thread | that of the loop closes | of that loop: are dropped | go on |
//! | [`exit`] | `atexit`, on Python's main thread | all close | are dropped | are dropped when they are polled next |
//!
//! Each of the three then waits, detached from Python and with a time limit, until no future is being polled.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use crate::bridge::event_loop::registry;
use crate::bridge::lifecycle::attached::is_attached;
use crate::bridge::lifecycle::in_flight::wait_until_idle;
use crate::bridge::lifecycle::inherited;
use crate::python::asyncio;

/// How long the interpreter's exit waits for Rust futures that are being polled just then, and for dispatchers that are
/// inside Python.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

/// The hook is with `atexit`.
static REGISTERED: AtomicBool = AtomicBool::new(false);
/// The hook has been called: the interpreter exits.
static HAS_BEGUN: AtomicBool = AtomicBool::new(false);

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
/// `block_on` had started are dropped instead of polled. A user's own thread that attaches to Python later than that is
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
    py.detach(|| {
        for hub in registry::all() {
            hub.close();
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

/// Whether the interpreter exits.
pub(crate) fn has_begun() -> bool {
    HAS_BEGUN.load(Ordering::SeqCst)
}

fn register_hook(py: Python<'_>) -> PyResult<()> {
    let hook = PyCFunction::new_closure(py, None, None, |args, _| {
        // Set before the wait: a future that is polled after that reads it, and is dropped.
        HAS_BEGUN.store(true, Ordering::SeqCst);
        exit(args.py());
    })?;
    asyncio::atexit_register(py)?.call1((hook,))?;
    inherited::register(py)?;
    Ok(())
}
