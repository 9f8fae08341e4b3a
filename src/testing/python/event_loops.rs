//! The event loops of one run: the one on the main thread, and others that tests ask for by name.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use libtest_async::capture;
use pyo3::exceptions::{PyKeyboardInterrupt, PyModuleNotFoundError, PySystemExit, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;
use pyo3::types::{IntoPyDict, PyCFunction};

use crate::TaskLocals;
use crate::python::asyncio;
use crate::testing::python::callback_exits::Escapes;
use crate::testing::python::redirection;

/// How many seconds the tasks that tests leave have to end once they are cancelled.
const TIME_TO_END: f64 = 2.0;

/// A loop that cannot be had.
pub(crate) enum NoLoop {
    /// The package with this name is not installed.
    NotInstalled(String),
    Error(PyErr),
}

impl From<PyErr> for NoLoop {
    fn from(error: PyErr) -> Self {
        Self::Error(error)
    }
}

impl NoLoop {
    /// Says why in the words of a reason to skip.
    pub(crate) fn reason(name: &str) -> String {
        format!("{name} is not installed")
    }
}

/// Makes a loop by its name, `asyncio` or `uvloop`.
pub(crate) fn new<'py>(py: Python<'py>, name: &str) -> Result<Bound<'py, PyAny>, NoLoop> {
    match name {
        "asyncio" => Ok(asyncio::new_event_loop(py)?.call0()?),
        "uvloop" => match py.import("uvloop") {
            Ok(uvloop) => Ok(uvloop.call_method0("new_event_loop")?),
            Err(error) if error.is_instance_of::<PyModuleNotFoundError>(py) => {
                Err(NoLoop::NotInstalled(name.to_owned()))
            }
            Err(error) => Err(error.into()),
        },
        _ => {
            let message = format!("there is no event loop `{name}`, but `asyncio` and `uvloop`");
            Err(PyValueError::new_err(message).into())
        }
    }
}

/// The name of the loop that is there already.
fn name_of(event_loop: &Bound<'_, PyAny>) -> PyResult<&'static str> {
    let module = event_loop.get_type().module()?;
    Ok(if module.to_cow()?.starts_with("uvloop") {
        "uvloop"
    } else {
        "asyncio"
    })
}

/// The loops that run on threads of their own, each started by the first test that asks for it.
#[derive(Default)]
pub(crate) struct Loops(Mutex<Vec<Running>>);

struct Running {
    name: &'static str,
    locals: TaskLocals,
    thread: JoinHandle<()>,
    end: End,
}

/// The end of a run, which is what a loop goes on until, whoever stops it before.
#[derive(Clone)]
pub(crate) struct End {
    has_come: Arc<AtomicBool>,
    escapes: Escapes,
}

impl End {
    /// Returns the end of a run of a loop; what no task has of the exceptions that end the loop before is for `escapes`.
    pub(crate) fn new(escapes: &Escapes) -> Self {
        Self {
            has_come: Arc::default(),
            escapes: escapes.clone(),
        }
    }

    /// Runs a loop on this thread until [`End::stop`].
    ///
    /// A `SystemExit` of a coroutine reaches its test by the task that raised it, as does a `KeyboardInterrupt` that is not
    /// Ctrl-C. Those of other callbacks are the [`Escapes`].
    ///
    /// # Errors
    ///
    /// `KeyboardInterrupt` of Ctrl-C, and that of a loop that cannot run any more.
    pub(crate) fn run(
        &self,
        event_loop: &Bound<'_, PyAny>,
        is_ctrl_c: impl Fn() -> bool,
    ) -> PyResult<()> {
        let py = event_loop.py();
        while !self.has_come.load(Ordering::SeqCst) {
            let Err(error) = event_loop.call_method0(intern!(py, "run_forever")) else {
                continue;
            };
            let is_interrupt = error.is_instance_of::<PyKeyboardInterrupt>(py);
            let is_of_test = is_interrupt || error.is_instance_of::<PySystemExit>(py);
            if !is_of_test || (is_interrupt && is_ctrl_c()) {
                return Err(error);
            }
            self.escapes.add(py, &error);
        }
        Ok(())
    }

    /// Stops the loop for good, from another thread. It cannot be closed before it has stopped.
    pub(crate) fn stop(&self, event_loop: &Bound<'_, PyAny>) {
        let py = event_loop.py();
        let (end, own) = (Arc::clone(&self.has_come), event_loop.clone().unbind());
        // On the loop's thread, so that a loop that is over has no such call before it.
        let stop = PyCFunction::new_closure(py, None, None, move |args, _| -> PyResult<()> {
            end.store(true, Ordering::SeqCst);
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

impl Loops {
    /// Returns the loop of this name: `main`, if that is of the kind, else one on another thread.
    pub(crate) fn get(
        &self,
        py: Python<'_>,
        main: &TaskLocals,
        name: &'static str,
        escapes: &Escapes,
    ) -> Result<TaskLocals, NoLoop> {
        if name_of(&main.event_loop(py))? == name {
            return Ok(main.clone());
        }
        let mut others = lock(&self.0, py);
        if let Some(other) = others.iter().find(|other| other.name == name) {
            return Ok(other.locals.clone());
        }
        let other = start(py, name, escapes)?;
        let locals = other.locals.clone();
        others.push(other);
        Ok(locals)
    }

    /// Ends the loops on other threads, and waits for the threads.
    pub(crate) fn stop(&self, py: Python<'_>) {
        let others = std::mem::take(&mut *lock(&self.0, py));
        for other in others {
            other.end.stop(&other.locals.event_loop(py));
            // A panic of the thread has been reported where it happened.
            let _ = py.detach(|| other.thread.join());
        }
    }
}

fn lock<'a>(
    running: &'a Mutex<Vec<Running>>,
    py: Python<'_>,
) -> std::sync::MutexGuard<'a, Vec<Running>> {
    running
        .lock_py_attached(py)
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn start(py: Python<'_>, name: &'static str, escapes: &Escapes) -> Result<Running, NoLoop> {
    let event_loop = new(py, name)?;
    redirection::report_to_tests(&event_loop)?;
    let locals = TaskLocals::new(event_loop.clone());
    let event_loop = event_loop.unbind();
    let end = End::new(escapes);
    let own = end.clone();
    // The loop is that of many tests, so its thread must not be taken for one of the test that needs it first.
    let thread = capture::Context::default()
        .run(|| thread::spawn(move || Python::attach(|py| run(event_loop.bind(py), &own))));
    Ok(Running {
        name,
        locals,
        thread,
        end,
    })
}

fn run(event_loop: &Bound<'_, PyAny>, end: &End) {
    let py = event_loop.py();
    let ran = asyncio::set_event_loop(py)
        .and_then(|set| set.call1((event_loop,)))
        // Python handles signals on the main thread only.
        .and_then(|_| end.run(event_loop, || false))
        .and_then(|()| close(event_loop));
    if let Err(error) = ran {
        error.write_unraisable(py, Some(event_loop));
    }
}

/// Cancels what the tests left behind and closes the loop, as `asyncio.run` does.
///
/// A task that does not end is waited for a while, and the default executor is not: a thread that a test left blocked would
/// keep the report's exit code back.
pub(crate) fn close(event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = event_loop.py();
    let tasks = asyncio::all_tasks(py)?.call1((event_loop,))?;
    let tasks: Vec<_> = tasks.try_iter()?.collect::<PyResult<_>>()?;
    for task in &tasks {
        task.call_method0(intern!(py, "cancel"))?;
    }
    if !tasks.is_empty() {
        let limit = [("timeout", TIME_TO_END)].into_py_dict(py)?;
        let wait = py
            .import("asyncio")?
            .call_method("wait", (tasks,), Some(&limit))?;
        let (_done, left): (Bound<'_, PyAny>, Bound<'_, PyAny>) = event_loop
            .call_method1(intern!(py, "run_until_complete"), (wait,))?
            .extract()?;
        for task in left.try_iter()? {
            tell_left(&task?);
        }
    }
    let generators = event_loop.call_method0(intern!(py, "shutdown_asyncgens"))?;
    event_loop.call_method1(intern!(py, "run_until_complete"), (generators,))?;
    asyncio::set_event_loop(py)?.call1((py.None(),))?;
    event_loop.call_method0(intern!(py, "close"))?;
    Ok(())
}

fn tell_left(task: &Bound<'_, PyAny>) {
    let words = format!("a task that was cancelled has not ended: {task}\n");
    capture::Context::default().print(words.as_bytes());
}
