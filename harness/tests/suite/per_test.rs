//! Values that each test has for itself.

use std::io::{BufRead, BufReader, Read};

use crate::child::{self, Output, run, run_with, section, without_thread_ids};
use crate::fixtures::FAULT;

crate::tests!(
    who_asks_for_no_value_of_a_test_opens_none,
    a_test_that_has_ended_has_no_value
    ; unix:
    values_are_closed_on_the_thread_of_the_test_in_reverse_order,
    a_test_that_panics_closes_its_values,
    a_sync_test_and_its_threads_have_the_same_value,
    a_test_that_times_out_closes_its_values,
    each_attempt_has_its_own,
    each_worker_closes_the_values_of_its_tests,
    the_durations_have_those_of_the_values,
    a_failed_opening_is_the_error_of_each_call,
    a_panic_of_the_opening_is_its_error,
    an_error_of_a_closing_fails_the_test_and_keeps_no_other_from_closing,
    a_panic_of_a_closing_fails_the_test,
    an_error_of_a_closing_fails_a_test_that_has_panicked_as_it_should,
    a_closing_that_hangs_has_the_time_of_the_test,
    ctrl_c_closes_the_values_of_async_tests,
    a_run_that_ends_before_a_test_closes_its_values,
    values_that_wait_for_each_other_are_an_error_that_names_them,
);

fn with_fault(fault: &str, args: &[&str]) -> Output {
    run_with("per_test", args, |command| {
        command.env(FAULT, fault);
    })
}

/// Returns what a test of this name prints, which opens both values and closes them.
fn all(test: &str, number: u32, between: &str) -> String {
    format!(
        "create table on {test}\ninsert row on {test}\n{between}delete row of table {number} of 7\ndelete row on \
         {test}\ndrop row of table {number} of 7\nremove table {number} of 7\nremove table on {test}\ndrop table {number} \
         of 7\n"
    )
}

fn values_are_closed_on_the_thread_of_the_test_in_reverse_order() {
    let output = run("per_test", &["passes", "--show-output"]);
    assert_eq!(output.code, Some(0), "{}", output.stdout);
    assert_eq!(output.stderr, "start server\nstop server\n");
    assert_eq!(section(&output.stdout, "passes"), all("passes", 0, ""));
    let output = run("per_test", &["fails"]);
    let expected = all("fails", 0, "") + "Error: by itself\n";
    assert_eq!(section(&output.stdout, "fails"), expected);
}

fn a_test_that_panics_closes_its_values() {
    for test in ["panics", "is_sync_and_panics"] {
        let output = run("per_test", &[test, "--exact"]);
        let shown = without_thread_ids(section(&output.stdout, test));
        let (opened, closed) = shown.split_once("delete row of").unwrap();
        assert!(opened.contains("by itself\n"), "{shown}");
        assert!(closed.ends_with("drop table 0 of 7\n"), "{shown}");
    }
}

fn a_sync_test_and_its_threads_have_the_same_value() {
    let output = run("per_test", &["is_sync", "--exact"]);
    let expected = all("is_sync", 0, "") + "Error: by itself\n";
    assert_eq!(section(&output.stdout, "is_sync"), expected);
}

fn a_test_that_times_out_closes_its_values() {
    let output = run("per_test", &["never_ends", "--timeout=200ms"]);
    assert_eq!(output.code, Some(101));
    let expected = all("never_ends", 0, "") + "note: test timed out after 200ms";
    assert_eq!(section(&output.stdout, "never_ends"), expected);
}

fn each_attempt_has_its_own() {
    let output = run("per_test", &["fails", "--retries=1"]);
    let attempt = |number| all("fails", number, "") + "Error: by itself\n";
    let expected = format!(
        "attempt 1 of 2 failed:\n{}attempt 2 of 2 failed:\n{}",
        attempt(0),
        attempt(1)
    );
    assert_eq!(section(&output.stdout, "fails"), expected);
}

fn each_worker_closes_the_values_of_its_tests() {
    let output = run("per_test", &["is_sync", "fails", "--exact", "--isolate"]);
    for test in ["is_sync", "fails"] {
        let shown = section(&output.stdout, test);
        assert!(shown.contains("create table on "), "{shown}");
        assert!(shown.contains("\ndrop table "), "{shown}");
        assert!(shown.ends_with("\nError: by itself\n"), "{shown}");
    }
}

fn the_durations_have_those_of_the_values() {
    for more in ["--test-threads=1", "--isolate"] {
        let args = ["passes", "asks_for_no_test", "--durations=2", more];
        let output = with_fault("insert row is slow,delete row is slow", &args);
        let lines: Vec<&str> = output.stdout.lines().collect();
        let start = lines.iter().position(|line| *line == "slowest 2 tests:");
        let [slowest, other] = lines[start.unwrap() + 1..][..2] else {
            panic!("{lines:?}");
        };
        let (_, times) = slowest.split_once(" passes (set-up ").unwrap();
        let (setup, rest) = times.split_once("s, tear-down ").unwrap();
        let teardown = rest.strip_suffix("s)").unwrap();
        for time in [setup, teardown] {
            let time: f64 = time.parse().unwrap();
            assert!((0.05..5.0).contains(&time), "{slowest}");
        }
        assert!(other.ends_with("s asks_for_no_test"), "{other}");
    }
}

fn a_failed_opening_is_the_error_of_each_call() {
    let output = with_fault("create table fails", &["asks_twice"]);
    let expected = "create table on asks_twice\nError: create table has failed\n";
    assert_eq!(section(&output.stdout, "asks_twice"), expected);
    let output = with_fault("insert row fails", &["asks_twice"]);
    let shown = section(&output.stdout, "asks_twice");
    assert!(shown.contains("\nremove table 0 of 7\n"), "{shown}");
    assert!(shown.ends_with("\nError: insert row has failed\n"));
}

fn a_panic_of_the_opening_is_its_error() {
    let output = with_fault("create table panics", &["asks_twice"]);
    let shown = section(&output.stdout, "asks_twice");
    assert!(shown.contains("fixtures/per_test.rs"), "{shown}");
    let expected = "\nError: opening panicked: create table has panicked\n";
    assert!(shown.ends_with(expected), "{shown}");
}

fn an_error_of_a_closing_fails_the_test_and_keeps_no_other_from_closing() {
    for args in [&["passes"] as &[&str], &["passes", "--isolate"]] {
        let output = with_fault("delete row fails", args);
        assert_eq!(output.code, Some(101));
        let expected = all("passes", 0, "") + "Error: delete row has failed\n";
        let shown = section(&output.stdout, "passes");
        // In a worker the opening of a value for all tests prints there.
        let shown = shown.strip_prefix("start server\n").unwrap_or(shown);
        assert_eq!(shown, expected);
    }
    let output = with_fault("delete row fails,remove table fails", &["is_sync"]);
    let shown = section(&output.stdout, "is_sync");
    let expected = "Error: by itself\n\ndelete row has failed\n\nremove table has failed\n";
    assert!(shown.ends_with(expected), "{shown}");
}

fn a_panic_of_a_closing_fails_the_test() {
    let output = with_fault("remove table panics", &["passes"]);
    assert_eq!(output.code, Some(101));
    let shown = section(&output.stdout, "passes");
    let expected = "Error: closing panicked: remove table has panicked\n";
    assert!(shown.ends_with(expected), "{shown}");
}

fn an_error_of_a_closing_fails_a_test_that_has_panicked_as_it_should() {
    assert_eq!(run("per_test", &["is_to_panic"]).code, Some(0));
    let output = with_fault("remove table fails", &["is_to_panic"]);
    assert_eq!(output.code, Some(101));
    let shown = section(&output.stdout, "is_to_panic");
    assert!(
        shown.ends_with("Error: remove table has failed\n"),
        "{shown}"
    );
}

fn a_closing_that_hangs_has_the_time_of_the_test() {
    let output = with_fault("delete row hangs", &["passes", "--timeout=300ms"]);
    assert_eq!(output.code, Some(101));
    let shown = section(&output.stdout, "passes");
    assert!(shown.contains("\nremove table on passes\n"), "{shown}");
    assert!(shown.ends_with("\nnote: test timed out after 300ms"));
}

/// `waits_then_errs` lets it wait.
fn ctrl_c_closes_the_values_of_async_tests() {
    let args = ["waits", "--nocapture", "--test-threads=2"];
    let mut command = child::command("per_test", &args);
    child::listen(&mut command);
    let mut child = command.spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while line != "waiting\n" {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0);
    }
    child::interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(130), "{stdout}");
    assert!(stdout.ends_with("\ndrop table 0 of 7\n"), "{stdout}");
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "stop server\n");
}

fn a_run_that_ends_before_a_test_closes_its_values() {
    let args = ["waits", "--nocapture", "--test-threads=2", "--fail-fast"];
    let output = run("per_test", &[&args[..], &["-Zunstable-options"]].concat());
    assert_eq!(output.code, Some(101), "{}", output.stdout);
    let closed = "\ndrop table 0 of 7\n";
    assert!(output.stdout.contains(closed), "{}", output.stdout);
    let end = "waiting\nError: by itself\nstop server\n";
    assert!(output.stderr.ends_with(end), "{}", output.stderr);
}

fn values_that_wait_for_each_other_are_an_error_that_names_them() {
    for test in ["has_a_circle", "has_a_circle_for_all"] {
        let output = run("per_test", &[test, "--exact"]);
        let shown = section(&output.stdout, test);
        let Some((start, circle)) = shown.split_once(" in a circle: ") else {
            panic!("no circle in {shown}");
        };
        assert_eq!(start, "Error: values wait for each other");
        let names: Vec<&str> = circle.trim_end().split(" -> ").collect();
        let [first, second, third] = names[..] else {
            panic!("{names:?}");
        };
        assert_eq!(first, third);
        let mut names = [first, second].map(|name| name.split_once(" (").unwrap().0);
        names.sort_unstable();
        assert!(names[0].ends_with("::Chicken"), "{names:?}");
        assert!(names[1].ends_with("::Egg"), "{names:?}");
    }
}

fn who_asks_for_no_value_of_a_test_opens_none() {
    let output = run("per_test", &["asks_for_no_test"]);
    assert_eq!((output.code, output.stderr.as_str()), (Some(101), ""));
    let shown = section(&output.stdout, "asks_for_no_test");
    let end = " is of a test, and nobody who works for a test asks for it\n";
    assert!(shown.ends_with(end), "{shown}");
    assert!(shown.contains("fixtures/per_test.rs:"), "{shown}");
}

fn a_test_that_has_ended_has_no_value() {
    let output = run("per_test", &["leaves_a_thread", "--test-threads=1"]);
    let shown = section(&output.stdout, "leaves_a_thread_and_asks");
    let (start, end) = ("Error: the test that asks for u32 (", ") has ended\n");
    assert!(shown.contains(start) && shown.ends_with(end), "{shown}");
    let passed = "test leaves_a_thread ... ok\n";
    assert!(output.stdout.contains(passed), "{}", output.stdout);
}
