//! Exit codes, error texts and the frame of a report.

use std::io::{BufRead, BufReader};

use crate::child::{self, run};

crate::tests!(
    passing_tests_exit_with_zero,
    failing_tests_exit_with_101,
    an_unknown_flag_exits_with_101,
    an_empty_selection_exits_with_zero,
    the_report_is_libtests,
    a_listing_is_libtests,
    a_closed_pipe_ends_quietly,
    bad_threads_in_the_environment_panic,
    terse_is_a_character_a_test,
    the_results_of_benchmarks_are_aligned,
    a_benchmark_that_is_not_measured_is_a_test,
);

fn passing_tests_exit_with_zero() {
    let output = run("passing", &["--test-threads=1"]);
    let expected = "\nrunning 2 tests\ntest a ... ok\ntest b ... ok\n\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in ";
    assert!(output.stdout.starts_with(expected), "{}", output.stdout);
    assert!(output.stdout.ends_with("s\n\n"), "{}", output.stdout);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
}

fn failing_tests_exit_with_101() {
    let output = run("mixed", &["errs"]);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}

fn an_unknown_flag_exits_with_101() {
    let output = run("mixed", &["--frobnicate"]);
    assert_eq!(output.stderr, "error: Unrecognized option: 'frobnicate'\n");
    assert_eq!((output.stdout.as_str(), output.code), ("", Some(101)));
}

fn an_empty_selection_exits_with_zero() {
    let output = run("mixed", &["nothing_has_this"]);
    assert!(
        output.stdout.contains("running 0 tests"),
        "{}",
        output.stdout
    );
    assert_eq!(output.code, Some(0));
}

fn the_report_is_libtests() {
    let output = run("mixed", &["--test-threads=1"]);
    let report = child::without_thread_ids(&output.stdout);
    let (report, _) = report.split_once("finished in").unwrap();
    let line = |needle: &str| {
        let lines = include_str!("fixtures.rs").lines().enumerate();
        let (number, line) = lines
            .into_iter()
            .find(|(_, line)| line.contains(needle))
            .unwrap();
        format!("{}:{}", number + 1, line.find("panic!").unwrap() + 1)
    };
    let expected = include_str!("mixed.out")
        .replace("$FILE", "harness/tests/suite/fixtures.rs")
        .replace("$ASYNC", &line("panic!(\"async text\")"))
        .replace("$SYNC", &line("panic!(\"with a text\")"));
    assert_eq!(report, expected.trim_end_matches('\n'));
    assert_eq!(output.code, Some(101));
}

fn a_listing_is_libtests() {
    let output = run("passing", &["--list"]);
    assert_eq!(output.stdout, "a: test\nb: test\n\n2 tests, 0 benchmarks\n");
    let output = run("passing", &["--list", "--format", "terse"]);
    assert_eq!(output.stdout, "a: test\nb: test\n");
    assert_eq!(output.code, Some(0));
}

fn a_closed_pipe_ends_quietly() {
    let mut child = child::command("mixed", &["--test-threads=1"])
        .spawn()
        .unwrap();
    // Reads a line and closes the pipe.
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert!(output.status.code().is_some(), "{}", output.status);
}

fn bad_threads_in_the_environment_panic() {
    let output = child::run_with("passing", &[], |command| {
        command.env("RUST_TEST_THREADS", "abc");
    });
    let message = "RUST_TEST_THREADS is `abc`, should be a positive integer.\n";
    assert!(output.stderr.contains(message), "{}", output.stderr);
    assert_eq!((output.stdout.as_str(), output.code), ("", Some(101)));
    let output = child::run_with("passing", &["--list"], |command| {
        command.env("RUST_TEST_THREADS", "abc");
    });
    assert_eq!(output.code, Some(0));
}

fn terse_is_a_character_a_test() {
    let output = run(
        "mixed",
        &["-q", "--test-threads=1", "pass", "ignored", "displays"],
    );
    let expected = "\nrunning 4 tests\n. 1/4\ndisplays --- FAILED\ni.\nfailures:\n\n---- displays stdout ----\nError: text\n\n\nfailures:\n    displays\n\ntest result: FAILED. ";
    assert!(output.stdout.starts_with(expected), "{}", output.stdout);
}

/// In the column that the longest name of all benchmarks gives, selected or not. No time is shown: the
/// measurement is one.
fn the_results_of_benchmarks_are_aligned() {
    let args = ["--bench", "--skip=longest", "--report-time"];
    let expected = "\nrunning 4 tests\ntest a_test_of_a_long_name ... ignored\n\
        test b_short       ... bench:       1,234.00 ns/iter (+/- 5.00)\n\
        test c_lengthy     ... bench:       1,234.00 ns/iter (+/- 5.00)\n\
        test d_ignored     ... ignored\n\
        \ntest result: ok. 0 passed; 0 failed; 2 ignored; 2 measured; 1 filtered out; finished in ";
    for threads in ["--test-threads=1", "--test-threads=2"] {
        let output = run("benchmarks", &[&args[..], &[threads]].concat());
        assert!(output.stdout.starts_with(expected), "{}", output.stdout);
    }
    let expected = "\nrunning 4 tests\n\
        itest b_short       ... bench:       1,234.00 ns/iter (+/- 5.00)\n\
        test c_lengthy     ... bench:       1,234.00 ns/iter (+/- 5.00)\n\
        test d_ignored     ... i\n\
        test result: ok. ";
    let output = run(
        "benchmarks",
        &[&args[..], &["-q", "--test-threads=1"]].concat(),
    );
    assert!(output.stdout.starts_with(expected), "{}", output.stdout);
}

fn a_benchmark_that_is_not_measured_is_a_test() {
    let output = run("benchmarks", &["-q", "--test-threads=1"]);
    let expected = "\nrunning 5 tests\n...i.\ntest result: ok. 4 passed;";
    assert!(output.stdout.starts_with(expected), "{}", output.stdout);
}
