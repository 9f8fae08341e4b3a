//! Uses the harness as others do: from a package of its own, with `main!`, under cargo, under
//! nextest, and as part of a shared library.

#![expect(clippy::unwrap_used, reason = "this is a test")]

mod library;
mod nextest;
mod package;
mod plain;

use std::process::ExitCode;

use libtest_async::{Arguments, Trial};

// There is no `capture!` here, on purpose: see `plain`.
fn main() -> ExitCode {
    if let Some(code) = plain::run_as_child() {
        return code;
    }
    let args = Arguments::from_args();
    let trials: Vec<Trial> = [
        package::trials(),
        nextest::trials(),
        library::trials(),
        plain::trials(),
    ]
    .into_iter()
    .flatten()
    .collect();
    libtest_async::run(&args, trials).exit_code()
}
