//! What the tests of one run share.

use std::sync::{Arc, OnceLock};

use libtest_async::Interrupter;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::TaskLocals;
use crate::panic;
use crate::testing::python::callback_exits::Escapes;
use crate::testing::python::current_test;
use crate::testing::python::event_loops::{Loops, NoLoop};
use crate::testing::python::standard_streams::Streams;
use crate::testing::session::running_tests::Stop;
use crate::testing::session::shared;

/// The loops of one run, and who may run.
#[derive(Default)]
pub(crate) struct Session {
    /// The loop of the main thread; it is there once Python has started.
    main: OnceLock<TaskLocals>,
    /// The loop that was asked for instead, if it is not installed.
    missing: OnceLock<String>,
    streams: OnceLock<Arc<Streams>>,
    checks_leaks: OnceLock<bool>,
    interrupter: OnceLock<Interrupter>,
    others: Loops,
    panic_hook: OnceLock<()>,
    pub(crate) escapes: Escapes,
    pub(crate) stop: Arc<Stop>,
}

impl Session {
    /// Tells the tests which loop they run beside, and what stands for the standard streams.
    pub(crate) fn begin(&self, locals: TaskLocals, streams: Arc<Streams>) {
        shared::set_locals(Some(locals.clone()));
        // A session begins once; a second loop would be a bug of this module, and the first stays.
        let _ = self.main.set(locals);
        let _ = self.streams.set(streams);
    }

    /// What stands for the standard streams, once the session has begun.
    pub(crate) fn streams(&self) -> Option<&Streams> {
        self.streams.get().map(Arc::as_ref)
    }

    /// Tells what ends the run early.
    pub(crate) fn set_interrupter(&self, interrupter: Interrupter) {
        let _ = self.interrupter.set(interrupter);
    }

    /// Fails the tests that have not ended, for this reason.
    pub(crate) fn give_up(&self, reason: String) {
        if let Some(interrupter) = self.interrupter.get() {
            interrupter.give_up(reason);
        }
    }

    /// Has tests fail that leave tasks or coroutines behind, or not.
    pub(crate) fn check_leaks(&self, checks: bool) {
        let _ = self.checks_leaks.set(checks);
    }

    pub(crate) fn checks_leaks(&self) -> bool {
        self.checks_leaks.get().copied().unwrap_or_default()
    }

    /// Has the tests that name no loop skipped, for want of this one.
    pub(crate) fn go_without(&self, name: String) {
        let _ = self.missing.set(name);
    }

    /// Ends the loops that the tests have asked for.
    pub(crate) fn end(&self, py: Python<'_>) {
        self.others.stop(py);
        shared::set_locals(None);
    }

    /// Returns the loop of this name, or the main one, with context variables that the test has for itself.
    pub(crate) fn locals_of_test(
        &self,
        py: Python<'_>,
        event_loop: Option<&'static str>,
    ) -> Result<TaskLocals, NoLoop> {
        // The harness has set its own for the run.
        self.panic_hook
            .get_or_init(panic::install_hook_before_others);
        let Some(main) = self.main.get() else {
            let message = "the test was started without an event loop";
            return Err(PyRuntimeError::new_err(message).into());
        };
        if let (None, Some(name)) = (event_loop, self.missing.get()) {
            return Err(NoLoop::NotInstalled(name.clone()));
        }
        let locals = match event_loop {
            Some(name) => &self.others.get(py, main, name, &self.escapes)?,
            None => main,
        };
        Ok(current_test::enter_context(py, locals)?)
    }
}
