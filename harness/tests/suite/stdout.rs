//! Reports for machines have standard output for themselves.

use std::io::BufReader;

use serde_json::Value;

use crate::child::{self, Output, run, run_with};
use crate::stop::{kill_at_cue, listening};

crate::tests!(; unix:
    json_stands_alone_whatever_tests_print,
    junit_stands_alone_whatever_tests_print,
    a_program_prints_before_and_after_the_run,
    a_program_may_keep_standard_output_for_the_report,
    runs_of_one_process_share_standard_output,
    tests_may_take_the_standard_descriptors_away,
    json_stands_alone_when_ctrl_c_ends_the_run,
    files_of_c_that_a_thread_keeps_are_not_waited_for,
    a_test_that_was_given_up_prints_beside_the_report,
    standard_descriptors_may_be_closed_at_the_start,
    reports_for_people_share_standard_output,
);

const WAYS: [&[&str]; 5] = [
    &["--test-threads=1"],
    &["--test-threads=4"],
    &["--test-threads=1", "--nocapture"],
    &["--test-threads=1", "--isolate"],
    &["--test-threads=1", "--isolate", "--nocapture"],
];

/// Asserts that every line is an object, and returns how many there are.
fn count_objects(text: &str) -> usize {
    for line in text.lines() {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        assert!(event.is_object(), "{line}");
    }
    text.lines().count()
}

fn run_each_way(format: &'static str) -> impl Iterator<Item = (&'static [&'static str], Output)> {
    WAYS.into_iter().map(move |way| {
        let output = run("prints", &[way, &["--format", format]].concat());
        assert_eq!(output.code, Some(101), "{way:?}: {}", output.stderr);
        (way, output)
    })
}

fn json_stands_alone_whatever_tests_print() {
    for (way, output) in run_each_way("json") {
        assert_eq!(count_objects(&output.stdout), 2 + 2 * 4, "{way:?}");
        let is_captured = way.contains(&"--isolate") && !way.contains(&"--nocapture");
        let lines = |text: &str| output.stderr.lines().filter(|line| *line == text).count();
        let expected = if is_captured { 0 } else { 2 };
        assert_eq!(lines("puts"), expected, "{way:?}: {}", output.stderr);
        assert_eq!(lines("child"), 2 * expected, "{way:?}: {}", output.stderr);
    }
}

fn junit_stands_alone_whatever_tests_print() {
    for (way, output) in run_each_way("junit") {
        let document = roxmltree::Document::parse(&output.stdout)
            .unwrap_or_else(|e| panic!("{way:?}: {e}: {}", output.stdout));
        let cases = document
            .descendants()
            .filter(|node| node.has_tag_name("testcase"));
        assert_eq!(cases.count(), 4, "{way:?}");
    }
}

fn a_program_prints_before_and_after_the_run() {
    for way in [&["--nocapture"][..], &[]] {
        let args = [way, &["--format=json", "--test-threads=1"]].concat();
        let output = run("prints_around_a_run", &args);
        let report = output.stdout.strip_prefix("before\nputs before\n").unwrap();
        let report = report.strip_suffix("after\nputs after\n").unwrap();
        assert_eq!(count_objects(report), 2 + 2 * 4);
        assert!(output.stderr.contains("\nputs\n"), "{}", output.stderr);
        assert!(
            output.stderr.contains("c: late puts\n"),
            "{}",
            output.stderr
        );
    }
}

fn a_program_may_keep_standard_output_for_the_report() {
    for way in WAYS {
        let output = run("keeps_stdout", &[way, &["--format=json"]].concat());
        assert_eq!(count_objects(&output.stdout), 2 + 2 * 4, "{way:?}");
        for line in ["before\n", "after\n", "puts before\n", "puts after\n"] {
            assert!(output.stderr.contains(line), "{line}: {}", output.stderr);
        }
    }
    let output = run("keeps_stdout", &["--test-threads=1"]);
    assert!(output.stdout.starts_with("before\n"), "{}", output.stdout);
}

fn runs_of_one_process_share_standard_output() {
    for way in [&["--nocapture"][..], &[]] {
        let args = [way, &["--format=json", "--test-threads=2"]].concat();
        let output = run("several_runs", &args);
        let report = output.stdout.strip_suffix("after\n").unwrap();
        let (first, others) = report.split_once("between\n").unwrap();
        assert_eq!(count_objects(first), 2 + 2 * 4);
        // The run within a test, the run that has that test, and the one beside it.
        assert_eq!(count_objects(others), 2 * (2 + 2 * 4) + 2 + 2);
    }
}

fn tests_may_take_the_standard_descriptors_away() {
    for way in [&["--nocapture"][..], &[]] {
        let args = [way, &["--format=json", "--test-threads=1"]].concat();
        let output = run("takes_standard_descriptors", &args);
        assert_eq!(count_objects(&output.stdout), 2 + 2 * 2);
        assert_eq!(output.code, Some(0));
    }
}

fn json_stands_alone_when_ctrl_c_ends_the_run() {
    let args = ["--format=json", "--nocapture", "--test-threads=1"];
    let mut child = listening("interrupted", &args);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    kill_at_cue(&child, &mut stderr, "ready\n");
    let output = child.wait_with_output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert_eq!(count_objects(&report), 2 + 2 + 1);
    assert!(
        report.contains("\"suite\", \"event\": \"failed\""),
        "{report}"
    );
    assert_eq!(output.status.code(), Some(130));
}

fn files_of_c_that_a_thread_keeps_are_not_waited_for() {
    let output = run("keeps_files_of_c", &["--format=json", "--nocapture"]);
    assert_eq!(count_objects(&output.stdout), 2 + 2 * 2);
    assert_eq!(output.code, Some(0));
}

fn a_test_that_was_given_up_prints_beside_the_report() {
    let args = ["--format=json", "--timeout=100ms", "--nocapture"];
    let output = run("prints_after_the_run", &args);
    assert_eq!(count_objects(&output.stdout), 4);
    assert_eq!(
        (output.stderr.as_str(), output.code),
        ("after its time\n", Some(101))
    );
}

/// std opens the null device in its place.
fn standard_descriptors_may_be_closed_at_the_start() {
    for closed in [child::STDOUT, child::STDERR] {
        let output = run_with("prints", &["--format=json", "--nocapture"], |command| {
            child::close(command, closed);
        });
        let is_reported = closed != child::STDOUT;
        let expected = if is_reported { 2 + 2 * 4 } else { 0 };
        assert_eq!(count_objects(&output.stdout), expected);
        assert_eq!(output.stderr.contains("a: println\n"), !is_reported);
        assert_eq!(output.code, Some(101), "{}", output.stderr);
    }
}

fn reports_for_people_share_standard_output() {
    let output = run("prints", &["--nocapture", "--test-threads=1"]);
    for line in ["a: println\n", "puts\n", "child\n"] {
        assert!(output.stdout.contains(line), "{}", output.stdout);
    }
}
