//! The reports of the tests of each crate.

use crate::rerun::Run;

crate::by_hand::tests!(
    gtest,
    insta,
    proptest,
    rstest,
    serial_test,
    test_case,
    test_log,
    tracing_test,
    what_does_not_run_is_told_at_the_end,
    machines_are_told_nothing,
    assertions_between_awaits_fail_their_test,
    subscribers_hold_across_awaits,
    what_is_not_send_lives_across_awaits,
    tests_have_the_runtime_that_they_ask_for,
);

/// Runs the tests of a module, and checks which passed and which failed with what text.
#[track_caller]
fn check(module: &str, passed: &[&str], failed: &[(&str, &str)]) -> Run {
    // insta prints half lines, and tests at once may exchange those in the buffer of std's that they share.
    let threads = if module == "insta" { 1 } else { 4 };
    let run = Run::with(
        &format!("subject::{module}:: --test-threads {threads}"),
        |command| {
            command.env("RUST_LOG", "info").env("INSTA_UPDATE", "no");
            command.env("INSTA_WORKSPACE_ROOT", env!("CARGO_MANIFEST_DIR"));
        },
    );
    assert_eq!(run.status, Some(101), "{run:#?}");
    for name in passed {
        run.assert_contains(&format!("test subject::{module}::{name} ... ok\n"));
    }
    for (name, text) in failed {
        let name = format!("subject::{module}::{name}");
        run.assert_contains(&format!("test {name} ... FAILED\n"));
        let shown = run.captured(name.trim_end_matches(" - should panic"));
        assert!(shown.contains(text), "{text:?} is not in {shown}");
    }
    let (passed, failed) = (passed.len(), failed.len());
    run.assert_contains(&format!("{passed} passed; {failed} failed; 0 ignored;"));
    run
}

fn gtest() {
    let run = check(
        "gtest",
        &[
            "passes",
            "passes_synchronously",
            "passes_by_failing - should panic",
        ],
        &[
            ("fails", "which isn't equal to 4"),
            ("fails_synchronously", "which isn't equal to 4"),
            ("fails_below_it", "which isn't equal to 2"),
        ],
    );
    for name in ["fails", "fails_synchronously"] {
        let shown = run.captured(&format!("subject::gtest::{name}"));
        assert!(shown.contains("which isn't equal to 2"), "{shown}");
    }
}

fn insta() {
    let difference = "-old text";
    check(
        "insta",
        &["passes", "passes_synchronously"],
        &[("fails", difference), ("fails_synchronously", difference)],
    );
}

fn proptest() {
    let smallest = "minimal failing input: number = 5";
    check(
        "proptest",
        &["passes"],
        &[
            ("fails", smallest),
            ("fails_within_an_async_test", smallest),
        ],
    );
}

fn rstest() {
    let double = "right: 5";
    let value = "right: 4";
    check(
        "rstest",
        &[
            "cases::case_1",
            "sync_cases::case_1",
            "cases_below_it::case_1",
            "values_below_it::number_1_3",
            "test_attr::number_1_3",
            "sync_test_attr::number_1_3",
        ],
        &[
            ("cases::case_2_wrong", double),
            ("sync_cases::case_2_wrong", double),
            ("cases_below_it::case_2_wrong", double),
            ("values_below_it::number_2_4", value),
            ("test_attr::number_2_4", value),
            ("sync_test_attr::number_2_4", value),
        ],
    );
}

fn serial_test() {
    check(
        "serial_test",
        &["runs_alone", "runs_alone_above_it"],
        &[
            ("fails", "the turn goes on to the next"),
            ("fails_with_an_error", "its own error"),
        ],
    );
}

fn test_case() {
    let double = "right: 5";
    check(
        "test_case",
        &[
            "cases::test_case_1_1_2_expects",
            "cases_below_it::test_case_1_1_expects_2",
            "sync_cases::test_case_1_1_2_expects",
            "sync_matrix::test_case_1_1_1_expects",
            "sync_matrix::test_case_4_2_2_expects",
            "sync_panics::test_case_1_expected - should panic",
        ],
        &[
            ("cases::test_case_2_wrong", double),
            ("cases_below_it::test_case_2_wrong", "left: 4"),
            ("sync_cases::test_case_2_wrong", double),
            ("sync_matrix::test_case_2_1_2_expects", "1 is not 2"),
            ("sync_matrix::test_case_3_2_1_expects", "2 is not 1"),
            (
                "sync_panics::test_case_2_wrong - should panic",
                "as it should",
            ),
        ],
    );
}

fn test_log() {
    check(
        "test_log",
        &["passes"],
        &[
            ("fails", "logged by an argument"),
            ("fails_below_it", "logged below"),
            ("fails_above_it", "logged above"),
            ("fails_synchronously", "logged by a sync test"),
        ],
    );
    let run = Run::new("--exact subject::test_log::passes");
    assert_eq!(run.status, Some(0), "{run:#?}");
    run.assert_lacks("logged by a test that passes");
    let run = Run::with(
        "--exact subject::test_log::passes --show-output",
        |command| {
            command.env("RUST_LOG", "info");
        },
    );
    run.assert_contains("logged by a test that passes");
}

fn tracing_test() {
    check(
        "tracing_test",
        &["passes_synchronously"],
        &[
            ("fails_synchronously", "logs_contain(\"logged\")"),
            (
                "fails_above_it",
                "The logs_assert function returned an error",
            ),
        ],
    );
}

const NOTE: &str = "note: pytests/test_attributes_of_others/subject.rs has 1 function with #[test], \
                    which does not run here: use #[pyo3_aio::tokio::test]\n";

fn what_does_not_run_is_told_at_the_end() {
    for arguments in [
        "gtest::passes",
        "gtest::passes --quiet",
        "gtest::passes --isolate",
        "is_left_out",
    ] {
        let run = Run::new(arguments);
        assert_eq!(run.status, Some(0), "{run:#?}");
        assert_eq!(run.stderr, NOTE);
    }
}

fn machines_are_told_nothing() {
    for arguments in [
        "--list",
        "--format json -Z unstable-options",
        "--format junit -Z unstable-options",
    ] {
        let run = Run::new(&format!("gtest::passes {arguments}"));
        assert_eq!(run.status, Some(0), "{run:#?}");
        run.assert_lacks("note: ");
    }
    let run = Run::with("gtest::passes", |command| {
        command.env("NEXTEST", "1");
    });
    run.assert_lacks("note: ");
}

fn assertions_between_awaits_fail_their_test() {
    let run = Run::new("one_thread::assertions --test-threads 8");
    run.assert_contains("test result: FAILED. 0 passed; 30 failed; 0 ignored;");
    let shown = run.captured("subject::one_thread::assertions::a");
    assert!(shown.contains("which isn't equal to 2"), "{shown}");
}

fn subscribers_hold_across_awaits() {
    let run = Run::new("one_thread::subscribers --test-threads 8");
    run.assert_contains("test result: ok. 20 passed; 0 failed; 0 ignored;");
}

fn what_is_not_send_lives_across_awaits() {
    check(
        "one_thread::not_send",
        &[
            "shared_values",
            "shared_values_on_async_std",
            "shared_values_on_smol",
            "turns_of_serial_test",
            "snapshots",
            "spans",
        ],
        &[
            ("turns_above_it_that_fail", "the turn goes on to the next"),
            ("spans_that_fail", "logs_contain(\"never logged\")"),
        ],
    );
}

fn tests_have_the_runtime_that_they_ask_for() {
    let run = Run::new("one_thread::flavors");
    run.assert_contains("test result: ok. 4 passed; 0 failed; 0 ignored;");
}
