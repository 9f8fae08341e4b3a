//! Uses the harness as others do: from a package of its own, with `main!`, under cargo, under
//! nextest, instrumented, in place of libtest-mimic, and as part of a shared library.

#![expect(clippy::unwrap_used, reason = "this is a test")]

mod coverage;
mod library;
mod mimic;
mod nextest;
mod package;
mod plain;

use std::process::ExitCode;
use std::time::Duration;

use libtest_async::Arguments;

/// No test takes longer than this; the first ones build a package.
const LIMIT: Duration = Duration::from_secs(300);

// There is no `capture!` here, on purpose: see `plain`.
fn main() -> ExitCode {
    if let Some(code) = plain::run_as_child() {
        return code;
    }
    let args = Arguments::from_args();
    let groups = [
        package::trials(),
        coverage::trials(),
        mimic::trials(),
        nextest::trials(),
        library::trials(),
        plain::trials(),
    ];
    let trials = groups.into_iter().flatten();
    let trials = trials.map(|trial| trial.with_timeout(LIMIT));
    libtest_async::run(&args, trials.collect()).exit_code()
}
