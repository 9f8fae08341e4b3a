//! Tests that keep what the report and the end of the process need.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::commands::{limited, with_default_sigint};
use crate::report::BY_HAND;
use crate::rerun::{Run, SUBJECT, command};

crate::by_hand::tests!(
    the_report_comes_and_the_process_ends,
    a_kept_python_is_told_of,
    a_main_function_written_by_hand_ends_too,
    ctrl_c_ends_a_run_whose_test_keeps_python,
);

/// From the time-out of the test to the end of the process. This machine may be busy.
const LIMIT: Duration = Duration::from_secs(20);

const KEPT: &str = "error: a test, the set-up or the tear-down keeps Python, ";

fn run(test: &str, main: &str) -> Run {
    let arguments = format!("stuck::{test} subject::ends::passes --timeout 1s --test-threads 2");
    let mut command = command(&arguments);
    command.env(SUBJECT, main);
    let started = Instant::now();
    let run = Run::of(limited(&command).output().unwrap());
    assert!(started.elapsed() < LIMIT, "{run:#?}");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains(&format!("subject::stuck::{test} ... FAILED\n"));
    // Others that need Python fail with it, if they have begun.
    run.assert_contains(&format!("\n    subject::stuck::{test}\n"));
    run.assert_contains("\ntest result: FAILED. ");
    run
}

fn the_report_comes_and_the_process_ends() {
    assert_eq!(run("keeps_standard_output", "1").stderr, "");
    // Python's exit may wait for what the runtime cannot do any more.
    run("keeps_the_threads_of_the_runtime", "1");
}

fn a_kept_python_is_told_of() {
    for test in ["keeps_python", "keeps_a_lock_from_the_exit"] {
        let run = run(test, "1");
        assert!(run.stderr.starts_with(KEPT), "{run:#?}");
    }
}

fn a_main_function_written_by_hand_ends_too() {
    let run = run("keeps_python", BY_HAND);
    assert!(run.stderr.starts_with(KEPT), "{run:#?}");
}

fn ctrl_c_ends_a_run_whose_test_keeps_python() {
    if !cfg!(unix) {
        return;
    }
    let command = limited(&command("stuck::keeps_python --nocapture"));
    let mut child = with_default_sigint(&command)
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
    let started = Instant::now();
    crate::settings::interrupt(&child.id().to_string());
    let (mut rest, mut stderr) = (String::new(), String::new());
    stdout.read_to_string(&mut rest).unwrap();
    let errors = child.stderr.as_mut().unwrap();
    errors.read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}{stderr}");
    assert!(started.elapsed() < LIMIT, "{rest}{stderr}");
    assert!(rest.contains("keeps_python was running\n"), "{rest}");
    assert!(stderr.starts_with(KEPT), "{stderr}");
}
