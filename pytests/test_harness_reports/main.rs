//! Reports, output and exit codes of a test binary: this binary runs itself on the tests of `subject`, most of which
//! do not pass.
#![expect(clippy::unwrap_used, reason = "these are tests")]

#[path = "../fixtures/by_hand.rs"]
mod by_hand;
mod capture;
#[path = "../fixtures/commands.rs"]
mod commands;
mod endings;
mod hooks;
mod per_test;
mod report;
#[path = "../fixtures/rerun.rs"]
mod rerun;
mod selection;
mod settings;
mod stdout;
mod stuck;
mod subject;
mod threads;

use std::env;
use std::process::{ExitCode, Termination};

use pyo3_aio::tokio::testing::test_main;

fn main() -> ExitCode {
    match env::var(rerun::SUBJECT).as_deref() {
        Err(_) => {}
        Ok(stdout::OWN_MAIN) => return subject::run_in_own_main(),
        // As `main` does with what it returns.
        Ok(report::BY_ATTRIBUTE) => return subject::attribute::main(),
        Ok(report::BY_HAND) => return subject::run_by_hand().report(),
        Ok(_) => return subject::run(),
    }
    let tests = [
        endings::TESTS,
        hooks::TESTS,
        per_test::TESTS,
        report::TESTS,
        selection::TESTS,
        capture::TESTS,
        settings::TESTS,
        threads::TESTS,
        stdout::TESTS,
        stuck::TESTS,
    ]
    .concat();
    test_main("Reports", by_hand::new(&tests));
    ExitCode::SUCCESS
}
