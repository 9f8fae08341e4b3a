//! Event loops by name: the main thread's, and the loops on other threads that tests ask for with `loop = "uvloop"`.

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use libtest_async::capture;
use pyo3::exceptions::{PyModuleNotFoundError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use super::callback_exits::CallbackExits;
use super::loop_runner;
use super::loop_runner::LoopRunner;
use super::redirection;
use crate::TaskLocals;
use crate::python::asyncio;

/// Why there is no loop of the name that was asked for.
pub(crate) enum LoopUnavailable {
    /// The package with this name is not installed.
    NotInstalled(String),
    Error(PyErr),
}

impl From<PyErr> for LoopUnavailable {
    fn from(error: PyErr) -> Self {
        Self::Error(error)
    }
}

impl LoopUnavailable {
    /// Returns the reason that the report gives for skipping a test whose loop is not installed.
    pub(crate) fn skip_reason(name: &str) -> String {
        format!("{name} is not installed")
    }
}

/// Creates a loop by its name, `asyncio` or `uvloop`.
pub(crate) fn new<'py>(py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>, LoopUnavailable> {
    match name {
        "asyncio" => Ok(asyncio::new_event_loop(py)?.call0()?),
        "uvloop" => match py.import("uvloop") {
            Ok(uvloop) => Ok(uvloop.call_method0("new_event_loop")?),
            Err(error) if error.is_instance_of::<PyModuleNotFoundError>(py) => {
                Err(LoopUnavailable::NotInstalled(name.to_owned()))
            }
            Err(error) => Err(error.into()),
        },
        _ => {
            let message = format!("there is no event loop `{name}`, but `asyncio` and `uvloop`");
            Err(PyValueError::new_err(message).into())
        }
    }
}

/// Returns the name under which [`new`] creates loops of this kind.
fn name_of(event_loop: &Bound<'_, PyAny>) -> PyResult<&'static str> {
    let module = event_loop.get_type().module()?;
    Ok(if module.to_cow()?.starts_with("uvloop") {
        "uvloop"
    } else {
        "asyncio"
    })
}

/// The loops of one run that have threads of their own, each started by the first test that asks for it.
#[derive(Default)]
pub(crate) struct LoopThreads(Mutex<Vec<LoopThread>>);

struct LoopThread {
    name: &'static str,
    locals: TaskLocals,
    thread: JoinHandle<()>,
    runner: LoopRunner,
}

impl LoopThreads {
    /// Returns the loop of this name: `main` if it is of that kind, else one on another thread, which is started if need be.
    pub(crate) fn get(
        &self,
        py: Python<'_>,
        main: &TaskLocals,
        name: &'static str,
        callback_exits: &CallbackExits,
    ) -> Result<TaskLocals, LoopUnavailable> {
        if name_of(&main.event_loop(py))? == name {
            return Ok(main.clone());
        }
        let mut threads = self.lock(py);
        if let Some(started) = threads.iter().find(|thread| thread.name == name) {
            return Ok(started.locals.clone());
        }
        let started = start(py, name, callback_exits)?;
        let locals = started.locals.clone();
        threads.push(started);
        Ok(locals)
    }

    /// Stops the loops, and joins their threads.
    pub(crate) fn stop(&self, py: Python<'_>) {
        let threads = mem::take(&mut *self.lock(py));
        for started in threads {
            started.runner.stop(&started.locals.event_loop(py));
            // The panic hook has printed a panic of that thread.
            let _ = py.detach(|| started.thread.join());
        }
    }

    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, Vec<LoopThread>> {
        self.0
            .lock_py_attached(py)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn start(
    py: Python<'_>,
    name: &'static str,
    callback_exits: &CallbackExits,
) -> Result<LoopThread, LoopUnavailable> {
    let event_loop = new(py, name)?;
    redirection::report_to_tests(&event_loop)?;
    let locals = TaskLocals::new(event_loop.clone());
    let event_loop = event_loop.unbind();
    let runner = LoopRunner::new(callback_exits);
    let own = runner.clone();
    // A new thread inherits the capture scope of the test that starts it, but this loop serves many tests.
    let thread = capture::Context::default()
        .run(|| thread::spawn(move || Python::attach(|py| run(event_loop.bind(py), &own))));
    Ok(LoopThread {
        name,
        locals,
        thread,
        runner,
    })
}

fn run(event_loop: &Bound<'_, PyAny>, runner: &LoopRunner) {
    let py = event_loop.py();
    let ran = asyncio::set_event_loop(py)
        .and_then(|set| set.call1((event_loop,)))
        // Python handles signals on the main thread only, so no `KeyboardInterrupt` here is Ctrl-C.
        .and_then(|_| runner.run(event_loop, || false))
        .and_then(|()| loop_runner::close(event_loop));
    if let Err(error) = ran {
        error.write_unraisable(py, Some(event_loop));
    }
}
