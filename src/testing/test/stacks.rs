//! Describes the Python side of a test whose time is over: its tasks, and the stacks of Python's threads.
//!
//! A test that blocks in Rust without detaching holds the GIL, or the GIL and a mutex are in a deadlock. Then no stack can be
//! described, and no other test can end, so the whole run is given up after a time limit.

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

/// Time limit of the description, a little shorter than the harness's own.
const DESCRIPTION_LIMIT: Duration = Duration::from_millis(1500);

/// Time limit of a thread to attach to Python, after [`DESCRIPTION_LIMIT`], before the run is given up.
const ATTACH_LIMIT: Duration = Duration::from_millis(3500);

/// Describes the tasks of the test and the threads of Python, on the harness's watchdog thread.
///
/// Without locals the test has not begun or has ended, and nothing is described, but a thread attaches to Python all the same:
/// the run is given up if it cannot.
pub(crate) fn describe(session: &Arc<Session>, locals: Option<TaskLocals>) -> String {
    let (sender, stacks) = mpsc::channel();
    // `Python::attach` has no time limit, so it is called on a thread of its own.
    let started = spawn(move || sender.send(stacks_of(locals.as_ref())).unwrap_or_default());
    match stacks.recv_timeout(DESCRIPTION_LIMIT) {
        Ok(text) => text,
        Err(_) if !started => String::new(),
        Err(_) => {
            let session = Arc::clone(session);
            spawn(move || give_up_without_python(&session, &stacks));
            "no stacks: a thread keeps Python to itself\n".to_owned()
        }
    }
}

/// Gives up the run unless the thread that sends to `stacks` attaches to Python in time.
fn give_up_without_python(session: &Session, stacks: &Receiver<String>) {
    if stacks.recv_timeout(ATTACH_LIMIT) == Err(RecvTimeoutError::Timeout) {
        let test = capture::Context::current();
        let name = test.test_name().unwrap_or_default();
        let time = DESCRIPTION_LIMIT + ATTACH_LIMIT;
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
