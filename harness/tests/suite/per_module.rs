//! Values that the tests of a module share.

use crate::child::{run, run_with, section};
use crate::fixtures::FAULT;

crate::tests!(
    a_failed_opening_fails_the_tests_of_its_module,
    a_value_of_all_tests_asks_for_none_of_a_module
    ; unix:
    each_module_has_its_own,
    each_worker_has_its_own,
);

fn each_module_has_its_own() {
    for more in [&[] as &[&str], &["--shuffle", "-Zunstable-options"]] {
        let args = ["a::", "b::", "--show-output", "--test-threads=1"];
        let output = run("per_module", &[&args, more].concat());
        assert_eq!(output.code, Some(0), "{}", output.stdout);
        let has = |test| section(&output.stdout, test).to_owned();
        assert_eq!(has("a::asks"), has("a::asks_again"));
        assert_eq!(has("b::asks"), has("b::is_sync"));
        let mut all = [has("a::asks"), has("b::asks"), has("b::inner::asks")];
        all.sort();
        assert_eq!(all, ["has 0\n", "has 1\n", "has 2\n"]);
        let count = |line: &str| output.stderr.lines().filter(|other| *other == line).count();
        for number in 0..3 {
            assert_eq!(count(&format!("start {number}")), 1);
            assert_eq!(count(&format!("stop {number}")), 1);
            assert_eq!(count(&format!("close lobby of {number}")), 1);
        }
        assert_eq!(output.stderr.lines().count(), 9, "{}", output.stderr);
    }
    let output = run("per_module", &["a::asks"]);
    let expected = "start 0\nclose lobby of 0\nstop 0\n";
    assert_eq!((output.stderr.as_str(), output.code), (expected, Some(0)));
}

fn each_worker_has_its_own() {
    let args = ["a::", "b::", "--isolate", "--test-threads=2"];
    let output = run("per_module", &args);
    assert_eq!(output.code, Some(0), "{}", output.stdout);
}

fn a_failed_opening_fails_the_tests_of_its_module() {
    let args = ["a::", "b::asks", "--test-threads=1"];
    let output = run_with("per_module", &args, |command| {
        command.env(FAULT, "start fails");
    });
    assert_eq!(output.stderr, "start 0\nstart 1\n");
    for (test, number) in [("a::asks", 0), ("a::asks_again", 0), ("b::asks", 1)] {
        let expected = format!("Error: start {number} has failed\n");
        assert_eq!(section(&output.stdout, test), expected);
    }
}

fn a_value_of_all_tests_asks_for_none_of_a_module() {
    let output = run("per_module", &["c::"]);
    let shown = section(&output.stdout, "c::asks_for_all");
    let end = " is of a module, and nobody of a module asks for it\n";
    assert!(shown.ends_with(end), "{shown}");
}
