//! The state of one run of tests.

use std::sync::{Arc, OnceLock};

use libtest_async::Interrupter;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use super::running_tests::RunningTests;
use super::shared;
use crate::TaskLocals;
use crate::panic;
use crate::testing::python::callback_exits::CallbackExits;
use crate::testing::python::current_test;
use crate::testing::python::event_loops::{LoopChoice, LoopThreads, LoopUnavailable};
use crate::testing::python::standard_streams::StandardStreams;

/// The state of one run: created before Python starts, and shared by the threads of all tests.
#[derive(Default)]
pub(crate) struct Session {
    /// The loop of the main thread, once Python has started.
    main_loop: OnceLock<TaskLocals>,
    /// The name of the loop that `--loop` asks for, if it is not installed.
    missing_loop: OnceLock<String>,
    streams: OnceLock<Arc<StandardStreams>>,
    checks_leaks: OnceLock<bool>,
    interrupter: OnceLock<Interrupter>,
    loop_threads: LoopThreads,
    panic_hook: OnceLock<()>,
    pub(crate) callback_exits: CallbackExits,
    pub(crate) running_tests: Arc<RunningTests>,
}

impl Session {
    /// Sets the main loop, which the tests run beside, and the replaced standard streams.
    pub(crate) fn begin(&self, locals: TaskLocals, streams: Arc<StandardStreams>) {
        shared::set_locals(Some(locals.clone()));
        // The results are dropped: a session begins once.
        let _ = self.main_loop.set(locals);
        let _ = self.streams.set(streams);
    }

    /// Returns the replaced standard streams, once the session has begun.
    pub(crate) fn streams(&self) -> Option<&StandardStreams> {
        self.streams.get().map(Arc::as_ref)
    }

    /// Sets the handle that ends the run early.
    pub(crate) fn set_interrupter(&self, interrupter: Interrupter) {
        let _ = self.interrupter.set(interrupter);
    }

    /// Fails the tests that have not ended, for this reason.
    pub(crate) fn give_up(&self, reason: String) {
        if let Some(interrupter) = self.interrupter.get() {
            interrupter.give_up(reason);
        }
    }

    /// Sets whether tests fail that leave tasks or coroutines behind (`--leak-check`).
    pub(crate) fn check_leaks(&self, checks: bool) {
        let _ = self.checks_leaks.set(checks);
    }

    /// Says whether tests fail that leave tasks or coroutines behind.
    pub(crate) fn checks_leaks(&self) -> bool {
        self.checks_leaks.get().copied().unwrap_or_default()
    }

    /// Has the tests that name no loop skipped, because the loop of this name is not installed.
    pub(crate) fn skip_without_loop(&self, name: String) {
        let _ = self.missing_loop.set(name);
    }

    /// Stops the loops on other threads.
    pub(crate) fn end(&self, py: Python<'_>) {
        self.loop_threads.stop(py);
        shared::set_locals(None);
    }

    /// Returns the loop of this name, or the main one, with a context of the test that this thread works for.
    pub(crate) fn locals_of_test(
        &self,
        py: Python<'_>,
        event_loop: LoopChoice,
    ) -> Result<TaskLocals, LoopUnavailable> {
        // At the first test, because the harness installs its own panic hook when the run starts.
        self.panic_hook
            .get_or_init(panic::install_hook_before_others);
        let Some(main_loop) = self.main_loop.get() else {
            let message = "the test was started without an event loop";
            return Err(PyRuntimeError::new_err(message).into());
        };
        if let (None, Some(name)) = (event_loop.kind, self.missing_loop.get()) {
            return Err(LoopUnavailable::NotInstalled(name.clone()));
        }
        let (threads, callback_exits) = (&self.loop_threads, &self.callback_exits);
        let locals = match event_loop {
            LoopChoice { kind, is_debug, .. } if event_loop.is_own() => {
                &threads.start_own(py, main_loop, kind, is_debug, callback_exits)?
            }
            LoopChoice {
                kind: Some(name), ..
            } => &threads.get(py, main_loop, name, callback_exits)?,
            LoopChoice { .. } => main_loop,
        };
        Ok(current_test::enter_context(py, locals)?)
    }

    /// Stops the loop of a test that has one of its own.
    pub(crate) fn stop_own_loop(&self, py: Python<'_>, locals: &TaskLocals) {
        self.loop_threads.stop_own(py, locals);
    }
}
