//! Runs the harness in child processes of this very binary and looks at what they print.

#![expect(clippy::unwrap_used, reason = "this is a test")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the fixtures print"
)]

mod capture;
mod child;
mod exit;
mod files;
mod fixtures;
mod hostile;
mod isolate;
mod locks;
mod mimic;
mod pool;
mod retry;
mod reuse;
mod runs;
mod runtime;
mod signal;
mod stop;

use std::process::ExitCode;
use std::time::Duration;

use libtest_async::Arguments;

libtest_async::capture!();

/// No test takes longer than this, whatever its child processes do.
const LIMIT: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    if let Some(code) = fixtures::run_as_child() {
        return code;
    }
    let args = Arguments::from_args();
    let groups = [
        exit::trials(),
        capture::trials(),
        files::trials(),
        hostile::trials(),
        isolate::trials(),
        locks::trials(),
        mimic::trials(),
        retry::trials(),
        reuse::trials(),
        runs::trials(),
        runtime::trials(),
        signal::trials(),
        stop::trials(),
    ];
    let trials = groups.into_iter().flatten();
    let trials = trials.map(|trial| trial.with_timeout(LIMIT));
    libtest_async::run(&args, trials.collect()).exit_code()
}
