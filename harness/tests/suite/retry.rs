//! Further attempts.

use libtest_async::{Failed, Trial};

use crate::child::{run, section};

pub(crate) fn trials() -> Vec<Trial> {
    let test = |name: &str, body: fn()| {
        Trial::test(format!("retry::{name}"), move || {
            body();
            Ok::<(), Failed>(())
        })
    };
    vec![
        test(
            "a_test_that_passes_later_has_passed",
            a_test_that_passes_later_has_passed,
        ),
        test(
            "a_test_that_is_skipped_later_is_ignored",
            a_test_that_is_skipped_later_is_ignored,
        ),
        test("every_attempt_is_shown", every_attempt_is_shown),
        test("workers_retry_what_runs_once", workers_retry_what_runs_once),
        test(
            "without_the_option_nothing_is_retried",
            without_the_option_nothing_is_retried,
        ),
    ]
}

fn a_test_that_passes_later_has_passed() {
    let output = run(
        "flaky",
        &["--retries", "2", "--test-threads=1", "passes_later"],
    );
    let expected = "\nrunning 2 tests\ntest a_passes_later ... FAILED, attempt 1 of 3\ntest a_passes_later ... ok\ntest b_passes_later ... FAILED, attempt 1 of 3\ntest b_passes_later ... ok\n\nflaky:\n";
    assert!(output.stdout.starts_with(expected), "{}", output.stdout);
    let shown = section(&output.stdout, "a_passes_later");
    assert_eq!(shown, "attempt 1 of 3 failed:\nError: not yet\n");
    let shown = section(&output.stdout, "b_passes_later");
    assert!(
        shown.starts_with("attempt 1 of 3 failed:\nattempt with number 0\n"),
        "{shown}"
    );
    assert!(
        output.stdout.contains("2 passed; 0 failed;"),
        "{}",
        output.stdout
    );
    assert_eq!(output.code, Some(0));
}

fn a_test_that_is_skipped_later_is_ignored() {
    let output = run("skips_later", &["--retries=1", "--test-threads=1"]);
    let line = |name| {
        format!("test {name} ... FAILED, attempt 1 of 2\ntest {name} ... ignored, no network\n")
    };
    let expected = ["a_skips_later", "b_skips_later"].map(line).concat();
    assert!(output.stdout.contains(&expected), "{}", output.stdout);
    assert!(
        output.stdout.contains("0 passed; 0 failed; 2 ignored;"),
        "{}",
        output.stdout
    );
    assert_eq!(output.code, Some(0));
}

fn every_attempt_is_shown() {
    let output = run("flaky", &["--retries", "1", "--test-threads=3"]);
    let shown = section(&output.stdout, "c_always_fails");
    assert_eq!(
        shown,
        "attempt 1 of 2 failed:\nError: no\nattempt 2 of 2 failed:\nError: no\n"
    );
    let shown = section(&output.stdout, "d_runs_once");
    assert_eq!(shown, "Error: never\n");
    assert!(
        output.stdout.contains("2 passed; 2 failed;"),
        "{}",
        output.stdout
    );
}

fn workers_retry_what_runs_once() {
    let output = run("flaky", &["--retries=1", "--isolate", "d_runs_once"]);
    let shown = section(&output.stdout, "d_runs_once");
    let expected = "attempt 1 of 2 failed:\nError: never\nattempt 2 of 2 failed:\nError: never\n";
    assert_eq!(shown, expected);
    assert!(
        output.stdout.contains("0 passed; 1 failed;"),
        "{}",
        output.stdout
    );
}

fn without_the_option_nothing_is_retried() {
    let output = run("flaky", &["--test-threads=1"]);
    assert!(
        output.stdout.contains("0 passed; 4 failed;"),
        "{}",
        output.stdout
    );
    assert!(!output.stdout.contains("attempt 1"), "{}", output.stdout);
}
