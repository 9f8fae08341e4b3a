//! The end of the bridge: at the interpreter's exit, and when the user asks for it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use pyo3::types::PyCFunction;

use super::dispatcher::join_dispatchers;
use super::fork;
use super::hubs::close_all;
use super::polling::wait_until_idle;
use crate::asyncio;

/// How long the interpreter's exit waits for Rust futures that are being polled just then.
const EXIT_TIMEOUT: Duration = Duration::from_secs(5);

static REGISTERED: AtomicBool = AtomicBool::new(false);
/// The interpreter exits, as opposed to a user who calls [`shutdown`].
static BEGUN: AtomicBool = AtomicBool::new(false);

/// Ends everything that the library has started: drops its Rust futures, and delivers nothing more to any event loop.
///
/// Futures that are being polled end when that poll returns; it waits for them, detached from Python, and returns
/// false when that took longer than `timeout`. The runtimes themselves go on. Conversions that come afterwards work
/// again.
///
/// Call it where no other event loop is in use. Loops that go on running are not spared: what awaits a Rust future
/// there is never resumed; a task that awaits a coroutine of Rust's cannot be cancelled either, so that its
/// `asyncio.run` does not end. A Rust future that awaits Python there ends with `RuntimeError: Event loop is closed`.
///
/// It is called by itself when the interpreter exits, by `atexit` and with a timeout of 5 seconds, so that no Rust
/// future is inside Python while the interpreter is finalised. From then on, futures that `spawn` or `block_on` had
/// started are dropped instead of polled; a call by the user lets them go on. A user's own thread that attaches to
/// Python later than that is beyond it.
pub fn shutdown(py: Python<'_>, timeout: Duration) -> bool {
    fork::notice();
    py.detach(|| {
        let started = Instant::now();
        close_all();
        join_dispatchers();
        wait_until_idle(timeout.saturating_sub(started.elapsed()))
    })
}

/// Has [`shutdown`] called when the interpreter exits; does so once.
pub(crate) fn register(py: Python<'_>) -> PyResult<()> {
    if REGISTERED.swap(true, Ordering::Relaxed) {
        return Ok(());
    }
    register_hook(py).inspect_err(|_| REGISTERED.store(false, Ordering::Relaxed))
}

/// Whether the interpreter's exit has called [`shutdown`].
pub(super) fn has_begun() -> bool {
    BEGUN.load(Ordering::SeqCst)
}

fn register_hook(py: Python<'_>) -> PyResult<()> {
    let hook = PyCFunction::new_closure(py, None, None, |args, _| {
        // Before the wait: a future that is polled later than that reads it.
        BEGUN.store(true, Ordering::SeqCst);
        shutdown(args.py(), EXIT_TIMEOUT);
    })?;
    asyncio::atexit_register(py)?.call1((hook,))?;
    Ok(())
}
