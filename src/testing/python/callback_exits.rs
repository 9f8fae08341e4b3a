//! `SystemExit` and `KeyboardInterrupt` that callbacks raise, such as `loop.call_soon(sys.exit)`.
//!
//! Code under test does this in a shutdown handler (`loop.add_signal_handler`, `loop.call_later`). The exception ends
//! `run_forever`. If a task raised it, the task has the exception too, and passes it to whoever awaits the task
//! (`Task.__step` in CPython's `Lib/asyncio/tasks.py`). Nobody awaits another callback: without this file its
//! exception would be lost. So the test that scheduled the callback fails, or the run, if that test has ended.

use std::cell::Cell;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libtest_async::capture;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::intern;
use pyo3::prelude::*;

use super::traceback;

thread_local! {
    /// The source of the exception that is about to end the loop of this thread. Set by [`HandlePatch`](super::handles::HandlePatch).
    static SOURCE: Cell<Option<ExitSource>> = const { Cell::new(None) };
}

/// The source of an exception that ends a loop.
enum ExitSource {
    /// The step of a task, which has the exception too.
    Task,
    /// Another callback, scheduled by this test or by none.
    Callback(capture::Context),
}

/// Records the handle whose callback has raised the exception that is about to end the loop of this thread.
pub(crate) fn set_source(handle: &Bound<'_, PyAny>, test: Option<capture::Context>) {
    SOURCE.set(Some(match is_step(handle).unwrap_or_default() {
        true => ExitSource::Task,
        false => ExitSource::Callback(test.unwrap_or_default()),
    }));
}

/// Says whether the callback of a handle is a step of a task.
fn is_step(handle: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = handle.py();
    let callback = handle.getattr(intern!(py, "_callback"))?;
    match callback.getattr_opt(intern!(py, "__self__"))? {
        Some(task) => task.is_instance(&py.import("asyncio")?.getattr("Future")?),
        // The method wrapper of Python 3.9's `_asynciomodule.c` has no `__self__`.
        None => Ok(callback.get_type().name()? == "TaskWakeupMethWrapper"),
    }
}

/// Says whether a coroutine raised the exception, which means that a task has it. Used on uvloop, whose handles are
/// compiled and cannot be patched.
fn is_of_coroutine(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    /// Defined in CPython's `Include/cpython/code.h`.
    const CO_COROUTINE: u32 = 0x80;
    let mut next = error.traceback(py).map(Bound::into_any);
    while let Some(traceback) = next.filter(|traceback| !traceback.is_none()) {
        let code = traceback.getattr("tb_frame")?.getattr("f_code")?;
        if code.getattr("co_flags")?.extract::<u32>()? & CO_COROUTINE != 0 {
            return Ok(true);
        }
        next = Some(traceback.getattr("tb_next")?);
    }
    Ok(false)
}

/// The exceptions of callbacks for which no test has failed yet. Clones share one list.
#[derive(Clone, Default)]
pub(crate) struct CallbackExits {
    list: Arc<Mutex<Vec<CallbackExit>>>,
    ignores_interrupts: Arc<AtomicBool>,
}

struct CallbackExit {
    /// The test that scheduled the callback; unknown on uvloop.
    test: capture::Context,
    traceback: String,
}

impl CallbackExits {
    /// Ignores every `KeyboardInterrupt` from now on, after Ctrl-C: a terminal or `timeout` may send SIGINT twice at once,
    /// of which `run/sigint.rs` counts one.
    pub(crate) fn ignore_interrupts(&self) {
        self.ignores_interrupts.store(true, Ordering::SeqCst);
    }

    /// Adds an exception that has ended the loop of this thread, on that thread, unless a task has it.
    pub(crate) fn add(&self, py: Python<'_>, error: &PyErr) {
        let ignores_interrupts = self.ignores_interrupts.load(Ordering::SeqCst);
        let test = match SOURCE.take() {
            Some(ExitSource::Task) => return,
            _ if ignores_interrupts && error.is_instance_of::<PyKeyboardInterrupt>(py) => return,
            None if is_of_coroutine(py, error).unwrap_or_default() => return,
            Some(ExitSource::Callback(test)) => test,
            None => capture::Context::default(),
        };
        let traceback = traceback::format_exception(py, error);
        self.lock().push(CallbackExit { test, traceback });
    }

    /// Removes and formats the exceptions of the test that this thread works for.
    pub(crate) fn take_of_current_test(&self) -> Option<String> {
        let mut escapes = self.lock();
        if escapes.is_empty() {
            return None;
        }
        let test = capture::Context::current();
        let is_own = |escape: &CallbackExit| escape.test.is_same_test(&test);
        let (own, others): (Vec<_>, _) = mem::take(&mut *escapes).into_iter().partition(is_own);
        *escapes = others;
        let own: Vec<_> = own.iter().map(CallbackExit::to_string).collect();
        (!own.is_empty()).then(|| own.join("\n\n"))
    }

    /// Prints the remaining exceptions, and says whether there are any.
    pub(crate) fn print(&self) -> bool {
        let escapes = mem::take(&mut *self.lock());
        for escape in &escapes {
            let text = format!("error: {escape}\n");
            capture::Context::default().print(text.as_bytes());
        }
        !escapes.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<CallbackExit>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for CallbackExit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let traceback = &self.traceback;
        match self.test.test_name() {
            Some(name) => write!(f, "a callback that {name} scheduled raised:\n{traceback}"),
            None => write!(f, "a callback of an event loop raised:\n{traceback}"),
        }
    }
}
