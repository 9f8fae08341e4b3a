//! Compares this harness with Rust's own, byte for byte.
//!
//! The bodies in `cases/bodies` are compiled twice: in the package `cases`, under libtest, and into
//! this binary, which runs them under this harness when it is started as one of them. Both get
//! every line of `matrix.txt` as arguments. What may differ stands in `exemptions.rs`.

#![recursion_limit = "512"]
#![expect(clippy::unwrap_used, reason = "this is a test")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::dbg_macro,
    reason = "the bodies print"
)]
#![expect(non_snake_case, reason = "names of all kinds are sorted")]

mod bugs;
mod compare;
mod exemptions;
mod matrix;
mod normal;
mod ours;
mod process;
mod reference;
#[cfg(unix)]
mod terminal;
#[cfg(not(unix))]
#[path = "no_terminal.rs"]
mod terminal;
#[path = "../suite/yielding.rs"]
mod yielding;

use std::process::ExitCode;

use libtest_async::{Arguments, Trial};

use self::ours::Mode;

libtest_async::capture!();

fn main() -> ExitCode {
    if let Some(code) = ours::run_as_child() {
        return code;
    }
    let args = Arguments::from_args();
    let version = reference::toolchain();
    let trials = trials().into_iter().map(|trial| match &version {
        Ok(_) => trial,
        Err(why) => trial.with_ignored_reason(why.clone()),
    });
    libtest_async::run(&args, trials.collect()).exit_code()
}

/// Returns a trial for each group of each binary.
fn trials() -> Vec<Trial> {
    let runs = [
        ("sample", Mode::Sync),
        ("sample", Mode::Async),
        ("sample", Mode::Runtime),
        ("sample", Mode::Isolated),
        ("sample", Mode::Reused),
        ("passing", Mode::Sync),
        ("empty", Mode::Sync),
        ("noisy", Mode::Sync),
        ("noisy", Mode::Async),
        ("noisy", Mode::Runtime),
        ("noisy", Mode::Isolated),
        ("noisy", Mode::Reused),
        ("exits", Mode::Sync),
    ];
    let groups = matrix::groups();
    let pairs = runs
        .into_iter()
        .flat_map(|run| groups.iter().map(move |group| (run, group)));
    pairs
        .filter(|((binary, _), group)| group.is_for(binary))
        .map(|((binary, mode), group)| {
            let group = group.clone();
            let name = format!("{binary}::{mode}::{}", group.name);
            Trial::test(name, move || compare::group(binary, mode, &group))
        })
        .collect()
}
