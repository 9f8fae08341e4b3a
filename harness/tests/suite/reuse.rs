//! Tests on threads of their own, and on threads that stay.

use crate::child::{self, Output, run, run_with, section};

crate::tests!(
    each_test_has_a_thread_of_its_name,
    threads_stay_and_panics_name_the_test,
    without_a_thread_of_its_own_a_test_runs_all_the_same,
    without_any_thread_tests_say_why_they_fail,
    a_thread_that_is_stuck_is_given_up
    ; unix:
    workers_keep_theirs_too,
);

/// Runs the fixture and returns what it says, a line a test.
fn told(args: &[&str]) -> Vec<String> {
    told_by(&run("threads", &[&["--test-threads=1"], args].concat()))
}

fn told_by(output: &Output) -> Vec<String> {
    assert_eq!(output.code, Some(101));
    let names = ["a_fails", "b_panics", "c_awaits", "e_fails"];
    let lines = names.map(|name| {
        let shown = child::without_thread_ids(section(&output.stdout, name));
        if name == "b_panics" {
            let start = "\nthread 'b_panics' panicked at ";
            assert!(shown.starts_with(start), "{shown}");
        }
        let said = shown.lines().find(|line| line.contains("number"));
        said.unwrap_or(&shown).replace("Error: ", "")
    });
    lines.into()
}

fn each_test_has_a_thread_of_its_name() {
    assert_eq!(told(&[]), ["number 1, named: true"; 4]);
}

fn threads_stay_and_panics_name_the_test() {
    assert_eq!(told(&["--reuse-threads"]), in_order());
}

fn workers_keep_theirs_too() {
    assert_eq!(told(&["--reuse-threads", "--isolate"]), in_order());
}

fn in_order() -> [String; 4] {
    [1, 2, 3, 4].map(|number| format!("number {number}, named: false"))
}

fn a_thread_that_is_stuck_is_given_up() {
    let args = ["--reuse-threads", "--include-ignored", "--timeout=100ms"];
    let mut expected = in_order();
    expected[3] = "number 1, named: false".to_owned();
    assert_eq!(told(&args), expected);
}

/// Runs the fixture where no thread can be had that does not say how large its stack is.
fn run_without_stacks(args: &[&str]) -> Output {
    let args = [&["--test-threads=1"], args].concat();
    run_with("threads", &args, |command| {
        command.env("RUST_MIN_STACK", "200000000000000");
    })
}

fn without_a_thread_of_its_own_a_test_runs_all_the_same() {
    assert_eq!(told_by(&run_without_stacks(&[])), in_order());
}

fn without_any_thread_tests_say_why_they_fail() {
    let output = run_without_stacks(&["--reuse-threads"]);
    let told = "note: no thread could be started for the test: ";
    for name in ["a_fails", "b_panics", "c_awaits", "e_fails"] {
        let shown = section(&output.stdout, name);
        assert!(shown.starts_with(told), "{shown}");
    }
}
