//! The event loops of tests: the main thread's, loops on other threads that tests ask for with `loop = "uvloop"`, and loops of
//! single tests (`loop = "own"`).

use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use libtest_async::capture;
use pyo3::exceptions::{PyModuleNotFoundError, PyValueError};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::PyCFunction;

use super::callback_exits::CallbackExits;
use super::loop_runner;
use super::loop_runner::LoopRunner;
use super::redirection;
use crate::TaskLocals;
use crate::python::asyncio;

/// Time limit for a loop's thread to run it.
const START_LIMIT: Duration = Duration::from_secs(10);

/// The loop that a test asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LoopChoice {
    /// The name of its kind, as [`new`] takes it; `None` stands for that of the main thread's loop.
    pub(crate) kind: Option<&'static str>,
    /// No other test uses the loop.
    pub(crate) is_exclusive: bool,
    /// asyncio's debug mode.
    pub(crate) is_debug: bool,
}

impl LoopChoice {
    /// The main thread's loop.
    pub(crate) const MAIN: Self = Self {
        kind: None,
        is_exclusive: false,
        is_debug: false,
    };

    /// Says whether the test gets a loop of its own: debug mode would disturb others.
    pub(crate) fn is_own(self) -> bool {
        self.is_exclusive || self.is_debug
    }
}

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

/// The loops of one run that have threads of their own: one of each kind, started by the first test that asks for it, and
/// those of single tests.
#[derive(Default)]
pub(crate) struct LoopThreads(Mutex<Vec<LoopThread>>);

struct LoopThread {
    /// `None` if the loop belongs to one test.
    name: Option<&'static str>,
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
        if let Some(started) = threads.iter().find(|thread| thread.name == Some(name)) {
            return Ok(started.locals.clone());
        }
        let event_loop = new(py, name)?;
        // A new thread inherits the capture scope of the test that starts it, but this loop serves many tests.
        let started =
            capture::Context::default().run(|| start(Some(name), event_loop, callback_exits))?;
        let locals = started.locals.clone();
        threads.push(started);
        Ok(locals)
    }

    /// Starts a loop for one test, of this kind or of that of `main`. What its thread prints belongs to the test, which
    /// calls this on its own thread.
    pub(crate) fn start_own(
        &self,
        py: Python<'_>,
        main: &TaskLocals,
        name: Option<&'static str>,
        is_debug: bool,
        callback_exits: &CallbackExits,
    ) -> Result<TaskLocals, LoopUnavailable> {
        let name = name.map_or_else(|| name_of(&main.event_loop(py)), Ok)?;
        let event_loop = new(py, name)?;
        if is_debug {
            event_loop.call_method1("set_debug", (true,))?;
        }
        let started = start(None, event_loop, callback_exits)?;
        let locals = started.locals.clone();
        self.lock(py).push(started);
        Ok(locals)
    }

    /// Stops the loop of one test, and joins its thread.
    pub(crate) fn stop_own(&self, py: Python<'_>, locals: &TaskLocals) {
        let event_loop = locals.event_loop(py);
        let is_it = |thread: &LoopThread| thread.locals.event_loop(py).is(&event_loop);
        let mut threads = self.lock(py);
        let index = threads.iter().position(is_it);
        let started = index.map(|index| threads.swap_remove(index));
        drop(threads);
        if let Some(started) = started {
            started.stop(py);
        }
    }

    /// Stops the loops, and joins their threads.
    pub(crate) fn stop(&self, py: Python<'_>) {
        let threads = mem::take(&mut *self.lock(py));
        for started in threads {
            started.stop(py);
        }
    }

    fn lock(&self, py: Python<'_>) -> MutexGuard<'_, Vec<LoopThread>> {
        self.0
            .lock_py_attached(py)
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoopThread {
    fn stop(self, py: Python<'_>) {
        self.runner.stop(&self.locals.event_loop(py));
        // The panic hook has printed a panic of that thread.
        let _ = py.detach(|| self.thread.join());
    }
}

/// Runs a loop on a new thread, and waits until it runs.
fn start(
    name: Option<&'static str>,
    event_loop: Bound<'_, PyAny>,
    callback_exits: &CallbackExits,
) -> PyResult<LoopThread> {
    redirection::report_to_tests(&event_loop)?;
    let locals = TaskLocals::new(event_loop.clone());
    let runner = LoopRunner::new(callback_exits);
    let own = runner.clone();
    let py = event_loop.py();
    let is_running = running_signal(&event_loop)?;
    let event_loop = event_loop.unbind();
    let thread = thread::spawn(move || Python::attach(|py| run(event_loop.bind(py), &own)));
    // A loop that cannot run says so itself, as an unraisable exception.
    let _ = py.detach(move || is_running.recv_timeout(START_LIMIT));
    Ok(LoopThread {
        name,
        locals,
        thread,
        runner,
    })
}

/// Returns the receiver of a message that the loop sends when it runs.
fn running_signal(event_loop: &Bound<'_, PyAny>) -> PyResult<mpsc::Receiver<()>> {
    let (sender, receiver) = mpsc::channel();
    let send = PyCFunction::new_closure(event_loop.py(), None, None, move |_, _| {
        // The thread that waits may have given up.
        let _ = sender.send(());
    })?;
    event_loop.call_method1("call_soon", (send,))?;
    Ok(receiver)
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
