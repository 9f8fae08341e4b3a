//! Values that each test has for itself.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::commands::with_default_sigint;
use crate::rerun::{Run, command};

crate::by_hand::tests!(
    values_are_opened_and_closed_by_the_test,
    what_a_value_has_on_the_loop_is_no_leak,
    a_test_that_fails_closes_its_values,
    an_error_of_opening_fails_the_test,
    an_error_of_closing_fails_the_test,
    a_panic_of_closing_fails_the_test,
    ctrl_c_closes_the_values_of_async_tests,
    each_module_has_its_own,
);

/// What a test prints that opens both values and closes them.
const ALL: &str =
    "start heart\nmake body\nbury body, whose heart beats: true\nstop heart\nstopped\n";

const PASSING: &str = "per_test:: --skip fails:: --skip waits";

fn with_fault(fault: &str, arguments: &str) -> Run {
    Run::with(arguments, |command| {
        command.env("PYO3_AIO_TEST_FAIL", fault);
    })
}

fn values_are_opened_and_closed_by_the_test() {
    for more in ["", " --isolate", " --test-threads 1"] {
        let run = Run::new(&format!("{PASSING} --show-output{more}"));
        assert_eq!(run.status, Some(0), "{run:#?}");
        run.assert_contains("test result: ok. 3 passed; 0 failed; 1 ignored;");
        for test in ["succeeds", "is_sync", "has_a_loop_of_its_own"] {
            assert_eq!(run.captured(&format!("subject::per_test::{test}")), ALL);
        }
    }
}

fn what_a_value_has_on_the_loop_is_no_leak() {
    let run = Run::new(&format!("{PASSING} --leak-check"));
    assert_eq!(run.status, Some(0), "{run:#?}");
}

fn a_test_that_fails_closes_its_values() {
    let run = Run::new("per_test::fails::");
    assert_eq!(run.status, Some(101), "{run:#?}");
    for test in ["panics", "panics_without_await", "never_ends"] {
        let shown = run.captured(&format!("subject::per_test::fails::{test}"));
        assert!(shown.starts_with("start heart\nmake body\n"), "{shown}");
        let closed = "bury body, whose heart beats: true\nstop heart\nstopped\n";
        assert!(shown.contains(closed), "{shown}");
    }
}

fn an_error_of_opening_fails_the_test() {
    let run = with_fault("start heart", PASSING);
    assert_eq!(run.status, Some(101), "{run:#?}");
    for test in ["succeeds", "is_sync", "is_skipped"] {
        let shown = run.captured(&format!("subject::per_test::{test}"));
        assert!(shown.starts_with("start heart\n"), "{shown}");
        assert!(shown.contains("ValueError: from start heart\n"), "{shown}");
    }
}

fn an_error_of_closing_fails_the_test() {
    for more in ["", " --isolate"] {
        let run = with_fault("bury body", &format!("{PASSING}{more}"));
        assert_eq!(run.status, Some(101), "{run:#?}");
        for test in ["succeeds", "is_sync", "is_skipped"] {
            let shown = run.captured(&format!("subject::per_test::{test}"));
            let error = shown.strip_prefix(ALL).unwrap_or(shown);
            assert!(
                error.starts_with("Error: ValueError: from bury body"),
                "{shown}"
            );
        }
    }
}

fn a_panic_of_closing_fails_the_test() {
    let run = with_fault("stop heart panics", PASSING);
    assert_eq!(run.status, Some(101), "{run:#?}");
    let shown = run.captured("subject::per_test::succeeds");
    assert!(shown.contains("subject/per_test.rs:"), "{shown}");
    assert!(shown.contains("Error: closing panicked: "), "{shown}");
}

fn each_module_has_its_own() {
    let arguments = "per_test:: --skip never_ends --skip waits --test-threads 1";
    let run = Run::with(arguments, |command| {
        command.env("PYO3_AIO_TEST_SAY", "1");
    });
    let buried = "buried\n".repeat(6);
    let start = format!("setup\n{buried}");
    assert!(run.stderr.starts_with(&start), "{run:#?}");
    // The module that has asked last closes first.
    let lines = run.stderr.lines();
    let counts: Vec<&str> = lines.filter(|line| line.ends_with("bodies")).collect();
    assert_eq!(counts, ["4 bodies", "2 bodies"], "{run:#?}");
}

fn ctrl_c_closes_the_values_of_async_tests() {
    if !cfg!(unix) {
        return;
    }
    let mut subject = command("per_test::waits_for_ever --nocapture");
    let subject = subject.env("PYO3_AIO_TEST_SAY", "1");
    let mut child = with_default_sigint(subject)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("waiting") {
        line.clear();
        assert!(stdout.read_line(&mut line).unwrap() > 0);
    }
    crate::settings::interrupt(&child.id().to_string());
    let (mut rest, mut stderr) = (String::new(), String::new());
    stdout.read_to_string(&mut rest).unwrap();
    let errors = child.stderr.as_mut().unwrap();
    errors.read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}{stderr}");
    assert!(rest.ends_with("stop heart\n"), "{rest}");
    assert_eq!(stderr, "setup\nburied\nstopped\n1 bodies\nteardown\n");
}
