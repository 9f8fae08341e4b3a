//! The attributes of other crates beside those of this one: tests that pass and tests that fail, which this binary has
//! itself run as `subject`, each crate alone.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod reported;
#[path = "../fixtures/rerun.rs"]
mod rerun;
mod subject;

use std::env;
use std::process::ExitCode;

use pyo3_aio::testing::Test;
use pyo3_aio::tokio::testing::{new_sync_test, test_main};

fn main() -> ExitCode {
    if env::var_os(rerun::SUBJECT).is_some() {
        return subject::run();
    }
    let tests = reported::TESTS.iter().map(|&(name, test)| {
        new_sync_test(name.to_owned(), move || {
            test();
            Ok(())
        })
    });
    let tests: Vec<Test> = tests.collect();
    test_main("Attributes of other crates", tests);
    ExitCode::SUCCESS
}
