//! Runs an event loop until the harness stops it, and closes it.
//!
//! `asyncio.BaseEventLoop.run_forever` ends when a callback raises `SystemExit` or `KeyboardInterrupt` (`Handle._run` in
//! CPython's `Lib/asyncio/events.py` passes both on). Such an exception of one test must not end the loop of the others.
//!
//! | state | event | actor and thread | next state |
//! | --- | --- | --- | --- |
//! | running | `run_forever` raises the `SystemExit` or `KeyboardInterrupt` of a test | the loop's thread | running: the exception goes to [`CallbackExits`], and `run_forever` is called again |
//! | running | `run_forever` raises the `KeyboardInterrupt` of Ctrl-C, or any other exception | the loop's thread | ended: [`LoopRunner::run`] returns the error |
//! | running | [`LoopRunner::stop`] | any thread schedules it, the loop's thread carries it out | ended: [`LoopRunner::run`] returns `Ok` |
//! | ended | [`close`] | the loop's thread | closed |

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use libtest_async::capture;
use pyo3::exceptions::{PyKeyboardInterrupt, PySystemExit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyCFunction};

use super::callback_exits::CallbackExits;
use crate::python::asyncio;

/// Time limit in seconds of the tasks that [`close`] has cancelled.
const CANCELLED_TASKS_LIMIT: f64 = 2.0;

/// Runs one loop, once. Clones stop the same loop.
#[derive(Clone)]
pub(crate) struct LoopRunner {
    is_stopped: Arc<AtomicBool>,
    callback_exits: CallbackExits,
}

impl LoopRunner {
    /// Creates a runner that records in `callback_exits` the exceptions of callbacks that no task has.
    pub(crate) fn new(callback_exits: &CallbackExits) -> Self {
        Self {
            is_stopped: Arc::default(),
            callback_exits: callback_exits.clone(),
        }
    }

    /// Runs a loop on this thread until [`stop`](Self::stop).
    ///
    /// `is_ctrl_c` is asked about each `KeyboardInterrupt`.
    ///
    /// # Errors
    ///
    /// `KeyboardInterrupt` of Ctrl-C, and the exception of a loop that cannot run any more.
    pub(crate) fn run(
        &self,
        event_loop: &Bound<'_, PyAny>,
        is_ctrl_c: impl Fn() -> bool,
    ) -> PyResult<()> {
        let py = event_loop.py();
        while !self.is_stopped.load(Ordering::SeqCst) {
            let Err(error) = event_loop.call_method0(intern!(py, "run_forever")) else {
                continue;
            };
            let is_interrupt = error.is_instance_of::<PyKeyboardInterrupt>(py);
            let is_of_test = is_interrupt || error.is_instance_of::<PySystemExit>(py);
            if !is_of_test || (is_interrupt && is_ctrl_c()) {
                return Err(error);
            }
            self.callback_exits.add(py, &error);
        }
        Ok(())
    }

    /// Stops the loop for good, from another thread. The loop must not be closed before it has stopped.
    pub(crate) fn stop(&self, event_loop: &Bound<'_, PyAny>) {
        let py = event_loop.py();
        let (is_stopped, own) = (Arc::clone(&self.is_stopped), event_loop.clone().unbind());
        // The flag is set on the loop's thread: if this thread set it, `run` could return before `loop.stop()` is called,
        // and that call would end a later `run_until_complete` of `close`.
        let stop = PyCFunction::new_closure(py, None, None, move |args, _| -> PyResult<()> {
            is_stopped.store(true, Ordering::SeqCst);
            let py = args.py();
            own.bind(py).call_method0(intern!(py, "stop")).map(drop)
        });
        let stopped =
            stop.and_then(|stop| asyncio::call_soon_threadsafe(event_loop, stop.as_any()));
        if let Err(error) = stopped {
            error.write_unraisable(py, Some(event_loop));
        }
    }
}

/// Cancels the tasks that tests left behind and closes the loop, as `asyncio.run` does.
///
/// A cancelled task that does not end is reported after a time limit. The default executor is not awaited, because a thread
/// that a test left blocked would keep the process from ending.
pub(crate) fn close(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = event_loop.py();
    let tasks = asyncio::all_tasks(py)?.call1((event_loop,))?;
    let tasks: Vec<_> = tasks.try_iter()?.collect::<PyResult<_>>()?;
    for task in &tasks {
        task.call_method0(intern!(py, "cancel"))?;
    }
    if !tasks.is_empty() {
        let limit = [("timeout", CANCELLED_TASKS_LIMIT)].into_py_dict(py)?;
        let wait = py
            .import("asyncio")?
            .call_method("wait", (tasks,), Some(&limit))?;
        let (_done, pending): (Bound<'_, PyAny>, Bound<'_, PyAny>) = event_loop
            .call_method1(intern!(py, "run_until_complete"), (wait,))?
            .extract()?;
        for task in pending.try_iter()? {
            report_pending(&task?);
        }
    }
    let generators = event_loop.call_method0(intern!(py, "shutdown_asyncgens"))?;
    event_loop.call_method1(intern!(py, "run_until_complete"), (generators,))?;
    asyncio::set_event_loop(py)?.call1((py.None(),))?;
    event_loop.call_method0(intern!(py, "close"))?;
    Ok(())
}

fn report_pending(task: &Bound<'_, PyAny>) {
    let text = format!("a task that was cancelled has not ended: {task}\n");
    capture::Context::default().print(text.as_bytes());
}
