//! The phases of a run that owns the process: set-up, tests and tear-down, also after Ctrl-C.
//!
//! Three threads take part. The harness's thread runs the phases one after another. The main thread has Python's event loop,
//! and learns of Ctrl-C first. After Ctrl-C a third thread, `ending`, tears down, because the harness's thread may be stuck
//! in a test and the main thread has to run the loop that the tear-down awaits.
//!
//! | phase | event | actor and thread | next phase |
//! | --- | --- | --- | --- |
//! | `SettingUp` | the set-up has succeeded | harness's thread, [`RunPhases::run`] | `Testing` |
//! | `SettingUp` | the set-up has failed | harness's thread, [`RunPhases::run`] | `TearingDown`: no tear-down is due |
//! | `SettingUp` | Ctrl-C | main thread, [`RunPhases::interrupter`] | `Interrupted` |
//! | `Testing` | the tests have ended | harness's thread, [`RunPhases::run`] | `TearingDown` |
//! | `Testing` | Ctrl-C | main thread, [`RunPhases::interrupter`] | `Testing`: the harness reports and stops |
//! | `Testing`, `Interrupted` | Ctrl-C is reported | `ending`, [`RunPhases::end_interrupted`] | `TearingDown` |
//! | `TearingDown` | the phase is entered again | harness's thread or `ending` | `TearingDown`: the second one tears nothing down |
//!
//! No user code is called, and nothing is reported, while the phase is locked.

use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::process;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use libtest_async::__private::{ExitGuard, is_worker, setup_failed};
use libtest_async::{Conclusion, Interrupter, capture};

use super::exit_code;
use super::exit_code::{FAILED, INTERRUPTED};
use super::exit_deadline;
use super::exit_deadline::ExitDeadline;
use super::hooks::{Hook, HookContext, Hooks};
use crate::testing::runtimes::block_on::block_on;
use crate::testing::session::running_tests::DROP_LIMIT;
use crate::testing::session::session::Session;
use crate::testing::session::shared;

/// A phase of the run; the file's documentation has the transitions.
enum RunPhase {
    /// The harness's thread calls the set-up.
    SettingUp,
    /// Ctrl-C came during the set-up: no test starts, and no tear-down is due.
    Interrupted,
    /// Tests run, and the tear-down is due.
    Testing(Interrupter, Option<Hook>),
    /// The thread that entered this phase closes the shared values and tears down.
    TearingDown,
}

/// The phases of one run. Clones are of the same run.
#[derive(Clone)]
pub(crate) struct RunPhases {
    pub(crate) session: Arc<Session>,
    context: HookContext,
    phase: Arc<Mutex<RunPhase>>,
    pub(crate) deadline: ExitDeadline,
    /// Whether closing the shared values or the tear-down has failed, or was cut off.
    has_teardown_failed: Arc<AtomicBool>,
}

impl RunPhases {
    /// Begins with the set-up.
    pub(crate) fn new(
        session: &Arc<Session>,
        context: HookContext,
        deadline: &ExitDeadline,
    ) -> Self {
        Self {
            session: Arc::clone(session),
            context,
            phase: Arc::new(Mutex::new(RunPhase::SettingUp)),
            deadline: deadline.clone(),
            has_teardown_failed: Arc::default(),
        }
    }

    /// Sets up, runs the tests and tears down, on the harness's thread. Returns the exit code, or `None` if another thread
    /// ends the run because of Ctrl-C.
    pub(crate) fn run<F: Future<Output = Conclusion>>(
        &self,
        hooks: Hooks,
        tests: impl FnOnce() -> (F, Interrupter),
    ) -> Option<u8> {
        let status = match self.set_up(hooks.setup) {
            true => self.test(hooks.teardown, tests)?,
            false => {
                setup_failed();
                FAILED
            }
        };
        self.deadline.set(status);
        let _guard = (status != 0).then(ExitGuard::after_failure);
        // `--fail-fast` ends a run while other tests are under way.
        self.session.running_tests.stop(DROP_LIMIT);
        let locals = &self.context.locals;
        if !self
            .deadline
            .suspend_if_loop_answers(&self.session.running_tests, locals)
        {
            self.exit_without_teardown(status);
        }
        let is_torn_down = self.tear_down();
        self.deadline.resume();
        is_torn_down.map(|is_torn_down| if is_torn_down { status } else { FAILED })
    }

    /// Calls the set-up, and says whether it succeeded. Ctrl-C drops its future, and then this does not return.
    fn set_up(&self, setup: Option<Hook>) -> bool {
        let running_tests = Arc::clone(&self.session.running_tests);
        let stoppable = setup.map(|setup| -> Hook {
            Box::new(|| Box::pin(async move { running_tests.enter().stoppable(setup()).await }))
        });
        self.context.call(stoppable)
    }

    /// Awaits the tests, and returns the exit code, or `None` if Ctrl-C came during the set-up.
    fn test<F: Future<Output = Conclusion>>(
        &self,
        teardown: Option<Hook>,
        tests: impl FnOnce() -> (F, Interrupter),
    ) -> Option<u8> {
        // The harness panics here if RUST_TEST_THREADS is malformed, as libtest does; the panic hook has printed that.
        // In a worker process of `--isolate` this call runs the tests.
        let (tests, interrupter) = match panic::catch_unwind(AssertUnwindSafe(tests)) {
            Ok((tests, interrupter)) => (Some(tests), interrupter),
            Err(_) => (None, Interrupter::default()),
        };
        self.session.set_interrupter(interrupter.clone());
        let is_testing = self.enter_testing(interrupter, teardown);
        is_testing.then(|| tests.map_or(FAILED, |tests| exit_code::of_conclusion(&block_on(tests))))
    }

    /// Enters `Testing`, unless Ctrl-C came during the set-up.
    fn enter_testing(&self, interrupter: Interrupter, teardown: Option<Hook>) -> bool {
        let mut phase = self.phase();
        let is_set_up = matches!(*phase, RunPhase::SettingUp);
        if is_set_up {
            *phase = RunPhase::Testing(interrupter, teardown);
        }
        is_set_up
    }

    /// Enters `TearingDown`, and returns the tear-down if it is due; `None` if another thread has entered that phase.
    fn enter_tearing_down(&self) -> Option<Option<Hook>> {
        let former = mem::replace(&mut *self.phase(), RunPhase::TearingDown);
        match former {
            RunPhase::SettingUp | RunPhase::Interrupted => Some(None),
            RunPhase::Testing(_, teardown) => Some(teardown),
            RunPhase::TearingDown => None,
        }
    }

    /// Closes the shared values, and calls the tear-down if the set-up has succeeded. Says whether both succeeded, or
    /// returns `None` if another thread does this.
    fn tear_down(&self) -> Option<bool> {
        let teardown = self.enter_tearing_down()?;
        let is_closed = self.context.close_shared();
        let is_torn_down = self.context.call(teardown);
        // The tear-down may have opened shared values too.
        let has_succeeded = self.context.close_shared() && is_torn_down && is_closed;
        if !has_succeeded {
            self.set_teardown_failed();
        }
        Some(has_succeeded)
    }

    /// Ends the process while a test blocks the event loop, which the tear-down may need. The run has failed if a tear-down
    /// or the closing of shared values was due.
    fn exit_without_teardown(&self, status: u8) -> ! {
        let is_teardown_due = self.enter_tearing_down().flatten().is_some();
        if is_teardown_due || shared::is_any_asked_for() {
            exit_with_busy_loop(
                FAILED,
                "so the values of `Shared` are not closed, there is no tear-down, and the run has failed",
            );
        }
        exit_with_busy_loop(status, "which is not closed therefore")
    }

    /// Returns the handle by which the harness reports and stops, if tests run. During the set-up there is none: no test
    /// starts any more.
    pub(crate) fn interrupter(&self) -> Option<Interrupter> {
        let mut phase = self.phase();
        match &*phase {
            RunPhase::Testing(interrupter, _) => return Some(interrupter.clone()),
            RunPhase::SettingUp => *phase = RunPhase::Interrupted,
            RunPhase::Interrupted | RunPhase::TearingDown => {}
        }
        None
    }

    /// Tears down after Ctrl-C, on the thread `ending`. If the harness's thread tears down already, waits for that until
    /// the deadline; `has_ended` is closed at the end of that thread.
    pub(crate) fn end_interrupted(&self, has_ended: &Receiver<()>) {
        let _guard = ExitGuard::after_failure();
        self.session.running_tests.stop(DROP_LIMIT);
        if self.tear_down().is_none() {
            self.deadline.resume();
            let _ = has_ended.recv();
        }
    }

    /// Reports and ends the process, on the thread that watches for Ctrl-C: a test or a hook holds Python's lock, so
    /// neither the loop nor the tear-down can run.
    pub(crate) fn end_without_python(&self) {
        if let Some(interrupter) = self.interrupter() {
            interrupter.interrupt();
        }
        exit_deadline::end_process(interrupted_status());
    }

    /// Records that the tear-down has failed or was cut off.
    pub(crate) fn set_teardown_failed(&self) {
        self.has_teardown_failed.store(true, Ordering::SeqCst);
    }

    /// Says whether the tear-down has failed or was cut off.
    pub(crate) fn has_teardown_failed(&self) -> bool {
        self.has_teardown_failed.load(Ordering::SeqCst)
    }

    fn phase(&self) -> MutexGuard<'_, RunPhase> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the exit code of a process that Ctrl-C ends before it has torn down. A worker of `--isolate` fails instead,
/// because its parent process reports the interruption.
pub(crate) fn interrupted_status() -> u8 {
    if is_worker() { FAILED } else { INTERRUPTED }
}

/// Ends the process while a test blocks the event loop's thread.
pub(crate) fn exit_with_busy_loop(status: u8, consequence: &str) -> ! {
    let text = format!("a test keeps the event loop busy, {consequence}\n");
    capture::Context::default().print(text.as_bytes());
    process::exit(status.into())
}
