//! Output lands with the test that made it.

use crate::child::{self, Output, run, section};

const NAMES: [&str; 4] = ["one", "two", "three", "four"];

crate::tests!(; unix:
    everything_a_test_prints_is_shown_with_it,
    tests_that_are_suspended_keep_their_lines,
    half_a_line_comes_before_the_panic_after_it,
    half_lines_of_tests_at_once_are_neither_lost_nor_doubled,
    half_lines_are_shown_with_their_own_test_in_workers,
    the_hook_of_the_user_comes_back,
    nocapture_lets_everything_through,
    output_of_passing_tests_is_shown_on_demand,
    what_is_said_for_no_test_goes_to_standard_error,
);

fn assert_ordinary_end(output: &Output) {
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}

fn everything_a_test_prints_is_shown_with_it() {
    let output = run("noisy", &["--test-threads=4"]);
    assert_ordinary_end(&output);
    for name in NAMES {
        let shown = section(&output.stdout, name);
        let printed = format!(
            "{name}: println\n{name}: eprintln\n{name}: stdout handle\n{name}: stderr handle\n{name}: thread\n{}\n",
            "x".repeat(1 << 20)
        );
        let rest = shown.strip_prefix(&printed).unwrap_or_else(|| {
            panic!(
                "the output of {name} starts with {:?}",
                &shown[..shown.len().min(300)]
            )
        });
        assert!(rest.contains(&format!("\nthread '{name}' ")), "{rest}");
        assert!(rest.contains(&format!("{name} panics\n")), "{rest}");
    }
}

fn half_a_line_comes_before_the_panic_after_it() {
    let output = run("half_a_line", &["--test-threads=1"]);
    assert_ordinary_end(&output);
    for name in ["one", "two"] {
        let expected = format!("{name}: half a line\nthread '{name}' panicked at ");
        let shown = child::without_thread_ids(section(&output.stdout, name));
        assert!(shown.starts_with(&expected), "{shown}");
    }
}

/// The test that the first half of a line is shown with is left to chance.
fn half_lines_of_tests_at_once_are_neither_lost_nor_doubled() {
    let output = run("half_lines", &["--test-threads=8"]);
    assert_ordinary_end(&output);
    for number in 0..8 {
        let shown = section(&output.stdout, &format!("t{number}"));
        for round in 0..50 {
            let half = format!("[{number}.{round} ");
            assert_eq!(output.stdout.matches(&half).count(), 1, "{half}");
            for own in [
                format!("({number}.{round})\n"),
                format!("{number}.{round}]\n"),
            ] {
                assert_eq!(output.stdout.matches(&own).count(), 1, "{own}");
                assert!(shown.contains(&own), "{own} is not in {shown}");
            }
        }
    }
}

fn half_lines_are_shown_with_their_own_test_in_workers() {
    let output = run("half_lines", &["--isolate", "--test-threads=4"]);
    assert_ordinary_end(&output);
    for number in 0..8 {
        let shown = section(&output.stdout, &format!("t{number}"));
        let line = |round| format!("({number}.{round})\n[{number}.{round} {number}.{round}]\n");
        let printed: String = (0..50).map(line).collect();
        assert_eq!(shown, format!("{printed}Error: to be shown\n"));
    }
}

fn tests_that_are_suspended_keep_their_lines() {
    let output = run("yielding", &["--test-threads=1"]);
    assert_ordinary_end(&output);
    for name in NAMES {
        let lines = format!("{name}: begin end\n").repeat(10);
        let expected = format!("{lines}{name}: task\n\nthread '{name}' panicked at ");
        let shown = child::without_thread_ids(section(&output.stdout, name));
        assert!(shown.starts_with(&expected), "{shown}");
    }
    let output = run("yielding", &["--test-threads=4"]);
    for name in NAMES {
        let shown = section(&output.stdout, name);
        assert!(shown.contains(&format!("\nthread '{name}' ")), "{shown}");
        assert!(shown.contains(&format!("{name}: task\n")), "{shown}");
    }
}

fn nocapture_lets_everything_through() {
    let output = run(
        "yielding",
        &["--nocapture", "--exact", "one", "--test-threads=1"],
    );
    let lines = "one: begin end\n".repeat(10);
    let expected = format!("\nrunning 1 test\ntest one ... {lines}one: task\nFAILED\n");
    assert!(output.stdout.starts_with(&expected), "{}", output.stdout);
    assert!(
        output.stdout.contains("failures:\n\nfailures:\n    one\n"),
        "{}",
        output.stdout
    );
    assert!(
        output.stderr.starts_with("\nthread 'one' "),
        "{}",
        output.stderr
    );
}

fn output_of_passing_tests_is_shown_on_demand() {
    let output = run("passing", &["--show-output", "--test-threads=1"]);
    let expected = "\nsuccesses:\n\nsuccesses:\n    a\n    b\n";
    assert!(output.stdout.contains(expected), "{}", output.stdout);
}

fn what_is_said_for_no_test_goes_to_standard_error() {
    let output = run("says", &["--test-threads=1"]);
    assert_eq!(section(&output.stdout, "a_fails"), "of a test\n");
    assert!(!output.stdout.contains("---- b_fails"), "{}", output.stdout);
    let expected = "of one that has ended\nof none\n";
    assert_eq!((output.stderr.as_str(), output.code), (expected, Some(101)));
}

fn the_hook_of_the_user_comes_back() {
    let output = run("hooked", &[]);
    assert_eq!(
        section(&output.stdout, "panics"),
        "hook of the user's: in a test\n"
    );
    assert_eq!(output.stderr, "hook of the user's: after the run\n");
}
