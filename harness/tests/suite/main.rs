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
mod isolate;
mod mimic;
mod pool;
mod retry;
mod runtime;
mod stop;

use std::process::ExitCode;

use libtest_async::{Arguments, Trial};

libtest_async::capture!();

fn main() -> ExitCode {
    if let Some(code) = fixtures::run_as_child() {
        return code;
    }
    let args = Arguments::from_args();
    let groups = [
        exit::trials(),
        capture::trials(),
        files::trials(),
        isolate::trials(),
        mimic::trials(),
        retry::trials(),
        runtime::trials(),
        stop::trials(),
    ];
    let trials: Vec<Trial> = groups.into_iter().flatten().collect();
    libtest_async::run(&args, trials).exit_code()
}
