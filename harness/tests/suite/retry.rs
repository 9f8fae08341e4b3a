//! Further attempts.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::child::{ISOLATIONS, Output, run, run_with, section};
use crate::files::scratch;
use crate::fixtures::ATTEMPTS;

crate::tests!(
    a_test_that_is_skipped_later_is_ignored,
    every_attempt_is_shown,
    without_the_option_nothing_is_retried,
    an_expected_failure_is_ignored,
    a_limit_of_time_counts_where_it_is_enforced
    ; unix:
    a_test_that_passes_later_has_passed,
    a_junit_file_has_every_attempt,
    a_line_of_json_says_why_an_attempt_failed,
    junit_on_standard_output_has_the_attempts_before_a_pass,
    a_test_may_have_retries_of_its_own,
    a_test_that_runs_once_says_why_it_is_not_retried,
    flaky_tests_can_fail_the_run,
    workers_retry_what_runs_once,
);

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

fn a_junit_file_has_every_attempt() {
    for isolation in ISOLATIONS {
        let folder = scratch("retry-junit");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("report.xml");
        let args = ["--retries", "2", "--junit", path.to_str().unwrap()];
        run_with("flaky_reports", &[&args, isolation].concat(), |command| {
            command.env(ATTEMPTS, &folder);
        });
        let text = fs::read_to_string(path).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        assert_eq!(
            elements(&document, "a_passes_later"),
            [
                "flakyFailure: Error: attempt \u{fffd} of 1",
                "flakyFailure/stackTrace: Error: attempt \u{fffd} of 1\n]]>",
                "flakyFailure/system-out: in attempt 1\nError: attempt \u{fffd} of 1\n]]>\n",
                "system-out: in attempt 2\n",
            ]
        );
        let mut expected = vec!["failure: Error: attempt \u{fffd} of 1".to_owned()];
        for number in [2, 3] {
            let error = format!("Error: attempt \u{fffd} of {number}");
            expected.extend([
                format!("rerunFailure: {error}"),
                format!("rerunFailure/stackTrace: {error}\n]]>"),
                format!("rerunFailure/system-out: in attempt {number}\n{error}\n]]>\n"),
            ]);
        }
        expected.push("system-out: in attempt 1\nError: attempt \u{fffd} of 1\n]]>\n".to_owned());
        assert_eq!(elements(&document, "b_always_fails"), expected);
        let skipped = elements(&document, "c_skips_later");
        assert_eq!(
            skipped
                .iter()
                .map(|text| text.split(':').next().unwrap())
                .collect::<Vec<_>>(),
            [
                "skipped",
                "flakyFailure",
                "flakyFailure/stackTrace",
                "flakyFailure/system-out",
                "system-out"
            ]
        );
    }
}

/// Returns what stands in the element of a test: the message of what has one, and else the text.
fn elements(document: &roxmltree::Document<'_>, name: &str) -> Vec<String> {
    let case = document
        .descendants()
        .find(|node| node.attribute("name") == Some(name) && node.has_tag_name("testcase"))
        .unwrap();
    let inner = case
        .descendants()
        .skip(1)
        .filter(roxmltree::Node::is_element);
    let describe = |node: roxmltree::Node<'_, '_>| {
        let name = node.tag_name().name();
        let parent = node.parent_element().filter(|parent| *parent != case);
        let path = parent.map_or(name.to_owned(), |parent| {
            format!("{}/{name}", parent.tag_name().name())
        });
        let text = node.attribute("message").or(node.text());
        assert_eq!(
            node.has_attribute("type"),
            path.ends_with("Failure") || path == "failure"
        );
        format!("{path}: {}", text.unwrap_or_default())
    };
    inner.map(describe).collect()
}

fn a_line_of_json_says_why_an_attempt_failed() {
    let args = ["--isolate", "--retries=1", "--format=json"];
    let line = |event: &str, rest: &str| {
        format!(
            "{{ \"type\": \"test\", \"event\": \"retried\", \"name\": \"{event}\", \"attempt\": 1, \"stdout\": {rest} }}\n"
        )
    };
    let output = run("endless", &[&args[..], &["c_has_less_time"]].concat());
    let rest = "\"\", \"message\": \"test timed out after 50ms\"";
    let expected = line("c_has_less_time", rest);
    assert!(output.stdout.contains(&expected), "{}", output.stdout);
    let output = run("flaky", &[&args[..], &["d_runs_once"]].concat());
    let expected = line("d_runs_once", "\"Error: never\\n\"");
    assert!(output.stdout.contains(&expected), "{}", output.stdout);
}

fn junit_on_standard_output_has_the_attempts_before_a_pass() {
    for (option, printed) in [
        (&[][..], ""),
        (&["--show-output"], "attempt with number 1\n"),
    ] {
        let args = ["--format=junit", "--retries=1", "passes_later"];
        let output = run("flaky", &[&args, option].concat());
        let document = roxmltree::Document::parse(&output.stdout).unwrap();
        let expected = "system-out: attempt 1 of 2 failed:\nError: not yet\n";
        assert_eq!(elements(&document, "a_passes_later"), [expected]);
        let shown = elements(&document, "b_passes_later").concat();
        let start = "system-out: attempt 1 of 2 failed:\nattempt with number 0\n";
        assert!(shown.starts_with(start), "{shown}");
        let (_, end) = shown
            .rsplit_once("environment variable to display a backtrace\n")
            .unwrap();
        assert_eq!(end, printed);
        assert_eq!(output.code, Some(0));
    }
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

/// Runs tests that say themselves how often they may fail.
fn run_own(args: &[&str]) -> Output {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let call = CALLS.fetch_add(1, Ordering::Relaxed);
    let folder = scratch(&format!("own-retries-{call}"));
    fs::create_dir_all(&folder).unwrap();
    run_with("own_retries", args, |command| {
        command.env(ATTEMPTS, &folder);
    })
}

fn a_test_may_have_retries_of_its_own() {
    for isolation in ISOLATIONS {
        let args = [&["--test-threads=1", "passes_later"], isolation].concat();
        let output = run_own(&args);
        let expected =
            "test passes_later ... FAILED, attempt 1 of 3\ntest passes_later ... ok\n\nflaky:\n";
        assert!(output.stdout.contains(expected), "{}", output.stdout);
        assert_eq!(output.code, Some(0));
    }
}

fn a_test_that_runs_once_says_why_it_is_not_retried() {
    let output = run_own(&["runs_once"]);
    let shown = section(&output.stdout, "runs_once");
    assert_eq!(
        shown,
        "Error: no\nnote: not retried, as its code can run only once in a process: see `Trial::repeatable`, or use --isolate\n"
    );
    let output = run_own(&["runs_once", "--isolate"]);
    let shown = section(&output.stdout, "runs_once");
    assert_eq!(
        shown,
        "attempt 1 of 2 failed:\nError: no\nattempt 2 of 2 failed:\nError: no\n"
    );
}

fn flaky_tests_can_fail_the_run() {
    for isolation in ISOLATIONS {
        let args = [
            &["--test-threads=1", "--fail-on-flaky", "passes_later"],
            isolation,
        ]
        .concat();
        let output = run_own(&args);
        let expected =
            "test passes_later ... FAILED, attempt 1 of 3\ntest passes_later ... FAILED\n";
        assert!(output.stdout.contains(expected), "{}", output.stdout);
        let shown = section(&output.stdout, "passes_later");
        let expected = "attempt 1 of 3 failed:\nin attempt 1\nError: not yet\nattempt 2 of 3 passed:\nin attempt 2\nnote: flaky: test passed at attempt 2 of 3";
        assert_eq!(shown, expected);
        assert!(
            output.stdout.contains("0 passed; 1 failed;"),
            "{}",
            output.stdout
        );
        assert_eq!(output.code, Some(101));
    }
}

fn an_expected_failure_is_ignored() {
    for isolation in ISOLATIONS {
        let args = [&["--test-threads=1", "--retries=2", "expected"], isolation].concat();
        let output = run_own(&args);
        for line in [
            "test expected_error ... ignored, expected failure: issue 12\n",
            "test expected_panic ... ignored, expected failure\n",
            "test expected_timeout ... ignored, expected failure: slow\n",
            "test expected_but_passes ... ok\n",
            "test expected_strictly ... FAILED\n",
        ] {
            assert!(output.stdout.contains(line), "{line} {}", output.stdout);
        }
        let shown = section(&output.stdout, "expected_strictly");
        assert_eq!(
            shown,
            "note: test passed, but was expected to fail: issue 13"
        );
        assert!(
            output.stdout.contains("1 passed; 1 failed; 3 ignored;"),
            "{}",
            output.stdout
        );
        assert_eq!(output.code, Some(101));
    }
}

fn a_limit_of_time_counts_where_it_is_enforced() {
    let output = run_own(&["takes_longer"]);
    assert!(
        output.stdout.contains("test takes_longer ... ok\n"),
        "{}",
        output.stdout
    );
    for isolation in ISOLATIONS {
        let output = run_own(&[&["--ensure-time", "takes_longer"], isolation].concat());
        let line = "test takes_longer ... FAILED (time limit exceeded)";
        assert!(output.stdout.contains(line), "{}", output.stdout);
        assert_eq!(output.code, Some(101));
    }
}
