//! A look at a test whose time is over, and at whether Python can still be had.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use libtest_async::capture;
use pyo3::ffi::c_str;
use pyo3::prelude::*;

use crate::TaskLocals;
use crate::testing::python::current_test;
use crate::testing::python::leaks;
use crate::testing::session::session::Session;

/// How long Python may keep the description waiting; the harness waits a little longer.
const PATIENCE: Duration = Duration::from_millis(1500);

/// How much longer no thread may get Python before the run is given up: a test that has timed out
/// holds the GIL, in a deadlock most likely, and no other test can come to its end.
const TIME_WITHOUT_PYTHON: Duration = Duration::from_millis(3500);

/// Describes the tasks of the current test and the threads of Python, if the test has locals: it has not begun without
/// them, or has ended. Finds out in any case whether Python can be had.
pub(crate) fn describe(session: &Arc<Session>, locals: Option<TaskLocals>) -> String {
    let (sender, stacks) = mpsc::channel();
    // Attaching has no time limit of its own. Without a thread nothing is described.
    let started = spawn(move || sender.send(stacks_of(locals.as_ref())).unwrap_or_default());
    match stacks.recv_timeout(PATIENCE) {
        Ok(text) => text,
        Err(_) if !started => String::new(),
        Err(_) => {
            let session = Arc::clone(session);
            spawn(move || give_up_without_python(&session, &stacks));
            "no stacks: a thread keeps Python to itself\n".to_owned()
        }
    }
}

/// Gives the run up unless the thread behind `stacks` gets Python in time.
fn give_up_without_python(session: &Session, stacks: &Receiver<String>) {
    if stacks.recv_timeout(TIME_WITHOUT_PYTHON) == Err(RecvTimeoutError::Timeout) {
        let test = capture::Context::current();
        let name = test.test_name().unwrap_or_default();
        let time = PATIENCE + TIME_WITHOUT_PYTHON;
        session.give_up(format!(
            "no thread has got Python for {time:?} after {name} timed out: a test holds the GIL"
        ));
    }
}

fn spawn(work: impl FnOnce() + Send + 'static) -> bool {
    let test = capture::Context::current();
    let thread = thread::Builder::new().name("test-stacks".to_owned());
    thread.spawn(move || test.run(work)).is_ok()
}

fn stacks_of(locals: Option<&TaskLocals>) -> String {
    let stacks = Python::attach(|py| {
        let Some(locals) = locals else {
            return Ok(String::new());
        };
        let module = PyModule::from_code(py, SOURCE, c"stacks.py", c"pyo3_aio_stacks")?;
        let test = current_test::of_locals(py, locals)?;
        let arguments = (locals.event_loop(py), test, leaks::owner(py)?);
        module
            .call_method1("stacks", arguments)?
            .extract::<String>()
    });
    stacks.unwrap_or_else(|error| error.to_string())
}

const SOURCE: &std::ffi::CStr = c_str!(include_str!("stacks.py"));
