//! `SystemExit` and `KeyboardInterrupt` of callbacks that are no steps of tasks: `loop.call_soon(sys.exit)`.
//!
//! Such an exception ends `run_forever`. That of a task is the task's as well, and reaches whoever awaits that; nobody
//! awaits a callback. The test that scheduled it fails if it is under way; otherwise the run does, at its end.

use std::cell::Cell;
use std::fmt;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libtest_async::capture;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::intern;
use pyo3::prelude::*;

use crate::testing::test::failure;

thread_local! {
    /// Set by a handle of asyncio's when its callback raises what is about to end the loop of this thread.
    static RAISED_BY: Cell<Option<Raiser>> = const { Cell::new(None) };
}

/// What has raised an exception that ends a loop.
enum Raiser {
    /// The step of a task, which has the exception too.
    Task,
    /// Another callback, of this test or of none.
    Callback(capture::Context),
}

/// Notes what has raised what is about to end the loop of this thread.
pub(crate) fn note_raiser(handle: &Bound<'_, PyAny>, test: Option<capture::Context>) {
    RAISED_BY.set(Some(match is_step(handle).unwrap_or_default() {
        true => Raiser::Task,
        false => Raiser::Callback(test.unwrap_or_default()),
    }));
}

/// Says whether the callback of a handle is a step of a task.
fn is_step(handle: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = handle.py();
    let callback = handle.getattr(intern!(py, "_callback"))?;
    match callback.getattr_opt(intern!(py, "__self__"))? {
        Some(task) => task.is_instance(&py.import("asyncio")?.getattr("Future")?),
        // That of Python 3.9 does not tell its task.
        None => Ok(callback.get_type().name()? == "TaskWakeupMethWrapper"),
    }
}

/// Says whether an exception comes from a coroutine, as those of tasks do. uvloop has nothing else that tells.
fn is_of_coroutine(py: Python<'_>, error: &PyErr) -> PyResult<bool> {
    /// CPython's `Include/cpython/code.h`.
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

/// The exceptions that no test has failed for. Clones are of the same list.
#[derive(Clone, Default)]
pub(crate) struct Escapes {
    list: Arc<Mutex<Vec<Escape>>>,
    ignores_interrupts: Arc<AtomicBool>,
}

struct Escape {
    /// The test that scheduled the callback; uvloop does not tell.
    test: capture::Context,
    traceback: String,
}

impl Escapes {
    /// Takes every `KeyboardInterrupt` from now on for Ctrl-C, which has come: a terminal or `timeout` may send the signal
    /// twice at once, and what watches for it notices that once.
    pub(crate) fn ignore_interrupts(&self) {
        self.ignores_interrupts.store(true, Ordering::SeqCst);
    }

    /// Adds an exception that has ended the loop of this thread, unless a task has it.
    pub(crate) fn add(&self, py: Python<'_>, error: &PyErr) {
        let ignores_interrupts = self.ignores_interrupts.load(Ordering::SeqCst);
        let test = match RAISED_BY.take() {
            Some(Raiser::Task) => return,
            _ if ignores_interrupts && error.is_instance_of::<PyKeyboardInterrupt>(py) => return,
            None if is_of_coroutine(py, error).unwrap_or_default() => return,
            Some(Raiser::Callback(test)) => test,
            None => capture::Context::default(),
        };
        let traceback = failure::format_exception(py, error);
        self.lock().push(Escape { test, traceback });
    }

    /// Takes the exceptions of the test that this thread works for.
    pub(crate) fn take_of_current_test(&self) -> Option<String> {
        let mut escapes = self.lock();
        if escapes.is_empty() {
            return None;
        }
        let test = capture::Context::current();
        let is_own = |escape: &Escape| escape.test.is_same_test(&test);
        let (own, others): (Vec<_>, _) = mem::take(&mut *escapes).into_iter().partition(is_own);
        *escapes = others;
        let own: Vec<_> = own.iter().map(Escape::to_string).collect();
        (!own.is_empty()).then(|| own.join("\n\n"))
    }

    /// Prints the exceptions that are left; says whether there are any.
    pub(crate) fn print(&self) -> bool {
        let escapes = mem::take(&mut *self.lock());
        for escape in &escapes {
            let words = format!("error: {escape}\n");
            capture::Context::default().print(words.as_bytes());
        }
        !escapes.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Escape>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for Escape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let traceback = &self.traceback;
        match self.test.test_name() {
            Some(name) => write!(f, "a callback that {name} scheduled raised:\n{traceback}"),
            None => write!(f, "a callback of an event loop raised:\n{traceback}"),
        }
    }
}
