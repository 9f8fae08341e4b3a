//! The attributes of other crates beside those of this one: tests that pass and tests that fail, which this binary has
//! itself run as `subject`, each crate alone.
//!
//! It is apart from test_harness_reports since its subject has a plain `#[test]`, of which every run has a note.
#![expect(clippy::unwrap_used, reason = "these are tests")]

#[path = "../fixtures/by_hand.rs"]
mod by_hand;
mod reported;
#[path = "../fixtures/rerun.rs"]
mod rerun;
mod subject;

use std::env;
use std::process::ExitCode;

use pyo3_aio::tokio::testing::test_main;

fn main() -> ExitCode {
    if env::var_os(rerun::SUBJECT).is_some() {
        return subject::run();
    }
    test_main("Attributes of other crates", by_hand::new(reported::TESTS));
    ExitCode::SUCCESS
}
