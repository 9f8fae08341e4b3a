//! The main function that `main!` expands to, with what it does before and after the tests.

use std::process::ExitCode;

use crate::args::Arguments;
use crate::block_on::block_on;
use crate::isolate::{setup_failed, watch_parent};
use crate::process::{ExitGuard, FAILURE, print_error};
use crate::run::run;
use crate::shared::{AsyncFunction, LocalFuture, close_shared, set_teardown};
use crate::trial::{Failed, Trial};
use crate::unwind;

type RunHook = Box<dyn FnOnce() -> LocalFuture<Result<(), Failed>> + Send>;

/// The set-up and the tear-down of `main!`. Not for use by hand.
#[doc(hidden)]
#[derive(Default)]
pub struct Hooks {
    setup: Option<RunHook>,
    teardown: Option<RunHook>,
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

impl Hooks {
    /// Calls a function before the first test.
    #[must_use]
    pub fn with_setup<F, R, E>(self, setup: F) -> Self
    where
        F: FnOnce() -> R + AsyncFunction<Output = Result<(), E>> + Send + 'static,
        E: Into<Failed>,
    {
        let setup = Some(hook(setup));
        Self { setup, ..self }
    }

    /// Calls a function at the end of the run.
    #[must_use]
    pub fn with_teardown<F, R, E>(self, teardown: F) -> Self
    where
        F: FnOnce() -> R + AsyncFunction<Output = Result<(), E>> + Send + 'static,
        E: Into<Failed>,
    {
        let teardown = Some(hook(teardown));
        Self { teardown, ..self }
    }

    /// Runs the trials with the arguments of the process.
    #[must_use]
    pub fn run(self, args: &Arguments, trials: Vec<Trial>) -> ExitCode {
        if args.would_run(&trials) {
            args.remove_old_report();
            watch_parent();
            let begun = unwind::contain(|| self.begin());
            // The panic hook has printed a panic.
            if let Some(Err(failed)) = &begun {
                let text = failed.message().unwrap_or_default();
                print_error(format!("error: {text}\n").as_bytes());
            }
            if !matches!(begun, Some(Ok(()))) {
                setup_failed();
                let _guard = ExitGuard::after_failure();
                let _ = close_shared();
                return ExitCode::from(FAILURE as u8);
            }
        }
        run(args, trials).exit_code()
    }

    /// Calls the set-up, on this thread; if it succeeds, keeps the tear-down for the end of the run.
    fn begin(self) -> Result<(), Failed> {
        self.setup.map_or(Ok(()), |setup| block_on(setup()))?;
        if let Some(teardown) = self.teardown {
            set_teardown(Box::new(|| {
                let future = teardown();
                let describe = |failed: Failed| failed.message().unwrap_or_default().to_owned();
                Box::pin(async move { future.await.map_err(describe) })
            }));
        }
        Ok(())
    }
}

fn hook<F, E>(function: F) -> RunHook
where
    F: AsyncFunction<Output = Result<(), E>> + Send + 'static,
    E: Into<Failed>,
{
    Box::new(|| Box::pin(async { function.call().await.map_err(Into::into) }))
}
