//! Values that tests share, and the functions before the first test and after the last.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use crate::child::{self, Output, run, run_with, section};
use crate::files::scratch;
use crate::fixtures::{FAULT, FIFO};

crate::tests!(
    many_tests_at_once_open_one_value,
    values_are_closed_in_the_reverse_order_of_their_opening,
    sync_tests_block_for_the_value,
    dropping_one_future_does_not_lose_the_value,
    a_run_within_a_test_closes_nothing,
    who_awaits_the_run_closes,
    failures_do_not_keep_it_open,
    who_does_not_ask_opens_nothing,
    nothing_happens_where_no_test_runs,
    nothing_happens_where_only_ignored_tests_are_left,
    each_run_opens_its_own,
    a_timeout_hurries_no_later_run,
    a_failed_opening_fails_each_test_once_and_for_all,
    a_panic_of_the_opening_is_its_error,
    an_error_of_setup_keeps_the_tests_from_running,
    a_panic_of_setup_keeps_the_tests_from_running,
    a_setup_that_fails_leaves_nothing_open,
    an_error_at_the_end_fails_the_run,
    a_panic_at_the_end_hides_no_other_closing,
    a_closing_that_hangs_ends_after_the_first_failure,
    a_closing_that_hangs_ends_after_a_timeout
    ; unix:
    exit_zero_at_the_end_hides_no_failure,
    each_worker_has_its_own,
    an_error_of_setup_in_a_worker_ends_the_run,
    an_error_of_setup_in_a_worker_is_one_for_machines,
    a_setup_that_hangs_in_a_worker_ends_with_the_parent,
    an_error_at_the_end_of_a_worker_fails_the_run,
    a_worker_that_does_not_end_well_fails_the_run,
    a_worker_that_is_replaced_has_to_end_well,
    a_worker_whose_status_is_not_known_fails_nothing,
    standard_output_stays_for_machines_beside_a_closing,
    ctrl_c_closes_too,
    ctrl_c_does_not_wait_for_ever,
    ctrl_c_waits_for_workers_to_tear_down,
    ctrl_c_does_not_wait_for_workers_for_ever,
    the_run_can_be_asked_for_while_workers_close,
    a_failure_that_ends_the_run_lets_workers_tear_down,
);

const ALL: &str = "setup\nopen\nclose\nteardown\n";

/// Runs the tests of this name, where something goes wrong.
fn with_fault(fault: &str, args: &[&str]) -> Output {
    run_with("sharing", args, |command| {
        command.env(FAULT, fault);
    })
}

fn assert_passes(args: &[&str], expected: &str) {
    let output = run("sharing", args);
    assert_eq!(output.stderr, expected, "{}", output.stdout);
    assert_eq!(output.code, Some(0), "{}", output.stdout);
}

fn many_tests_at_once_open_one_value() {
    assert_passes(&["at_once", "--test-threads=8"], ALL);
}

fn values_are_closed_in_the_reverse_order_of_their_opening() {
    let expected = "setup\nopen\nopen second\nclose 2\nclose\nteardown\n";
    assert_passes(&["depends"], expected);
}

fn sync_tests_block_for_the_value() {
    assert_passes(&["blocks", "at_once"], ALL);
}

fn dropping_one_future_does_not_lose_the_value() {
    assert_passes(&["gives_up"], ALL);
}

fn a_run_within_a_test_closes_nothing() {
    assert_passes(&["has_a_run_within"], ALL);
}

fn who_awaits_the_run_closes() {
    let output = run("sharing_in_interruptible_run", &["has_a_run_within"]);
    let expected = ("open\ncloses\nclose\n", Some(0));
    assert_eq!((output.stderr.as_str(), output.code), expected);
}

fn failures_do_not_keep_it_open() {
    let output = run("sharing", &["fails"]);
    assert_eq!((output.stderr.as_str(), output.code), (ALL, Some(101)));
    assert_eq!(section(&output.stdout, "fails"), "Error: by itself\n");
}

fn who_does_not_ask_opens_nothing() {
    assert_passes(&["asks_for_nothing"], "setup\nteardown\n");
}

fn nothing_happens_where_no_test_runs() {
    for args in [&["--list"], &["ignored"], &["nothing_has_this"]] {
        assert_passes(args, "");
    }
}

fn nothing_happens_where_only_ignored_tests_are_left() {
    let folder = scratch("ignored-failed");
    fs::create_dir_all(&folder).unwrap();
    let run = |args: &[&str]| {
        let set_folder = |command: &mut Command| {
            command.env("LIBTEST_ASYNC_STATE_DIR", &folder);
        };
        let output = run_with("sharing", args, set_folder);
        (output.stderr, output.code)
    };
    let ran = "setup\nteardown\n".to_owned();
    assert_eq!(run(&["--ignored"]), (ran, Some(101)));
    assert_eq!(run(&["--last-failed"]), (String::new(), Some(0)));
}

fn each_run_opens_its_own() {
    let output = run("sharing_in_two_runs", &["at_once"]);
    assert_eq!(output.stderr, "open\nclose\nopen\nclose\n");
    assert_eq!(output.code, Some(0));
}

fn a_timeout_hurries_no_later_run() {
    let args = ["never_ends", "--timeout=100ms"];
    let output = run_with("sharing_after_another_run", &args, |command| {
        command.env(FAULT, "close names its thread");
    });
    let expected = "open\nclose\non test-shared\nopen\nclose\non main\n";
    assert_eq!((output.stderr.as_str(), output.code), (expected, Some(0)));
}

fn a_failed_opening_fails_each_test_once_and_for_all() {
    let output = with_fault("open fails", &["at_once", "blocks", "--test-threads=2"]);
    assert_eq!(output.stderr, "setup\nopen\nteardown\n");
    assert_eq!(output.code, Some(101));
    for test in ["at_once_0", "at_once_7", "blocks"] {
        let shown = section(&output.stdout, test);
        assert_eq!(shown, "Error: open has failed\n", "{}", output.stdout);
    }
}

fn a_panic_of_the_opening_is_its_error() {
    let output = with_fault("open panics", &["at_once"]);
    assert!(
        output.stderr.contains("fixtures/shared.rs"),
        "{}",
        output.stderr
    );
    assert!(output.stderr.ends_with("\nteardown\n"), "{}", output.stderr);
    let shown = section(&output.stdout, "at_once_3");
    assert_eq!(shown, "Error: opening panicked: open has panicked\n");
}

fn an_error_of_setup_keeps_the_tests_from_running() {
    let output = with_fault("setup fails", &["at_once"]);
    assert_eq!(output.stderr, "setup\nerror: setup has failed\n");
    assert_eq!((output.stdout.as_str(), output.code), ("", Some(101)));
}

fn a_panic_of_setup_keeps_the_tests_from_running() {
    let output = with_fault("setup panics", &["at_once"]);
    assert!(
        output.stderr.contains("setup has panicked"),
        "{}",
        output.stderr
    );
    assert!(!output.stderr.contains("teardown"), "{}", output.stderr);
    assert_eq!((output.stdout.as_str(), output.code), ("", Some(101)));
}

fn a_setup_that_fails_leaves_nothing_open() {
    for (fault, error) in [
        ("setup fails", "error: setup has failed\n"),
        ("setup panics", "setup has panicked\n"),
    ] {
        let output = run_with("opened_in_setup", &["at_once"], |command| {
            command.env(FAULT, fault);
        });
        let said = output.stderr.as_str();
        assert!(said.starts_with("open\nsetup\n"), "{said}");
        assert!(said.contains(error), "{said}");
        assert!(said.ends_with("\nclose\n"), "{said}");
        assert_eq!((output.stdout.as_str(), output.code), ("", Some(101)));
    }
}

fn an_error_at_the_end_fails_the_run() {
    let closed = with_fault("close fails", &["at_once"]);
    let expected = "setup\nopen\nclose\nerror: close has failed\nteardown\n";
    assert_eq!((closed.stderr.as_str(), closed.code), (expected, Some(101)));
    let torn_down = with_fault("teardown fails", &["asks_for_nothing"]);
    let expected = "setup\nteardown\nerror: teardown has failed\n";
    assert_eq!(
        (torn_down.stderr.as_str(), torn_down.code),
        (expected, Some(101))
    );
    for output in [closed, torn_down] {
        assert!(
            output.stdout.contains("test result: ok. "),
            "{}",
            output.stdout
        );
    }
}

fn exit_zero_at_the_end_hides_no_failure() {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return;
    }
    let error =
        "\nerror: the process ended with status 0 though its tests had failed, or were cut off\n";
    for (fault, args) in [
        ("close exits with 0", &["fails"][..]),
        ("teardown exits with 0", &["fails"]),
        ("teardown exits with 0", &["fails", "--isolate"]),
        (
            "close exits with 0",
            &[
                "never_ends",
                "blocks",
                "--test-threads=1",
                "--timeout=100ms",
            ],
        ),
    ] {
        let output = with_fault(fault, args);
        assert_eq!(output.code, Some(101), "{fault} {args:?}");
        // The parent of workers tells of its own failures.
        let is_worker = args.contains(&"--isolate");
        assert!(
            is_worker || output.stderr.ends_with(error),
            "{}",
            output.stderr
        );
    }
    let output = with_fault("teardown exits with 0", &["blocks"]);
    assert_eq!((output.stderr.as_str(), output.code), (ALL, Some(0)));
    let (said, status) = interrupted("teardown exits with 0");
    let expected = format!("close\nteardown\n{error}");
    assert_eq!((said, status.code()), (expected, Some(101)));
    let output = run_with("opened_in_setup", &["blocks"], |command| {
        command.env(FAULT, "setup fails,close exits with 0");
    });
    assert!(output.stderr.ends_with(error), "{}", output.stderr);
    assert_eq!(output.code, Some(101));
}

fn a_panic_at_the_end_hides_no_other_closing() {
    let output = with_fault("close panics", &["at_once"]);
    let expected = "error: closing panicked: close has panicked\nteardown\n";
    assert!(output.stderr.ends_with(expected), "{}", output.stderr);
    assert_eq!(output.code, Some(101));
}

fn each_worker_has_its_own() {
    let args = ["--isolate", "--nocapture", "--test-threads=1", "at_once"];
    assert_passes(&args, ALL);
}

fn an_error_of_setup_in_a_worker_ends_the_run() {
    for threads in ["--test-threads=1", "--test-threads=3"] {
        let args = ["--isolate", "at_once", threads];
        let output = with_fault("setup fails", &args);
        assert_eq!(output.stderr, "setup\nerror: setup has failed\n");
        let report = "\nrunning 8 tests\n\ntest result: FAILED. 0 passed; 0 failed; ";
        assert!(output.stdout.starts_with(report), "{}", output.stdout);
        assert_eq!(output.code, Some(101));
    }
    let output = with_fault("setup panics", &["--isolate", "at_once"]);
    let said = output.stderr.matches("setup has panicked").count();
    assert_eq!((said, output.code), (1, Some(101)), "{}", output.stderr);
}

fn an_error_of_setup_in_a_worker_is_one_for_machines() {
    let args = ["--isolate", "at_once", "-Zunstable-options"];
    let run = |format| with_fault("setup fails", &[&args[..], &[format]].concat()).stdout;
    let json = run("--format=json");
    let last = json.lines().last().unwrap();
    assert!(
        last.contains(r#""type": "suite", "event": "failed""#),
        "{json}"
    );
    let junit = run("--format=junit");
    assert!(
        junit.contains(r#"errors="8" failures="0" tests="8""#),
        "{junit}"
    );
}

/// The worker has the pipe open, and keeps whoever reads it waiting.
fn a_setup_that_hangs_in_a_worker_ends_with_the_parent() {
    let args = ["--isolate", "--nocapture", "blocks"];
    let mut command = child::command("sharing", &args);
    let mut child = command.env(FAULT, "setup hangs").spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert_eq!(line, "setup\n");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(stderr.read_line(&mut line).unwrap(), 0, "{line}");
}

fn an_error_at_the_end_of_a_worker_fails_the_run() {
    let output = with_fault("teardown fails", &["--isolate", "blocks"]);
    let error = "error: teardown has failed\n";
    assert!(output.stderr.ends_with(error), "{}", output.stderr);
    assert!(output.stdout.contains("test result: ok. 1 passed"));
    assert_eq!(output.code, Some(101));
}

fn a_worker_that_does_not_end_well_fails_the_run() {
    for (fault, end) in [
        ("teardown aborts", "child process exited with signal 6"),
        ("teardown exits", "got unexpected return code 7"),
        (
            "teardown hangs",
            "it was killed, as it had not ended after 10s",
        ),
    ] {
        let output = with_fault(fault, &["--isolate", "blocks"]);
        let error = format!("error: a worker process failed after its tests: {end}\n");
        let said = output.stderr.as_str();
        assert!(said.starts_with(&error), "{said}");
        assert!(said.ends_with("\nclose\nteardown\n"), "{said}");
        assert!(output.stdout.contains("test result: ok. 1 passed"));
        assert_eq!(output.code, Some(101));
    }
}

fn a_worker_that_is_replaced_has_to_end_well() {
    let args = ["--isolate", "--retries=1", "fails"];
    let output = with_fault("teardown exits", &args);
    let error = "error: a worker process failed after its tests: ";
    assert_eq!(output.stderr.matches(error).count(), 2, "{}", output.stderr);
    assert_eq!(output.code, Some(101));
}

fn a_worker_whose_status_is_not_known_fails_nothing() {
    let output = run_with("sharing", &["--isolate", "blocks"], child::ignore_children);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
}

fn a_closing_that_hangs_ends_after_the_first_failure() {
    let args = ["beside_another", "--fail-fast", "--test-threads=2"];
    let output = with_fault("close hangs", &args);
    assert_eq!(output.stderr, "setup\nopen\nclose\n");
    let counts = "test result: FAILED. 0 passed; 1 failed";
    assert!(output.stdout.contains(counts), "{}", output.stdout);
    assert_eq!(output.code, Some(101));
}

fn standard_output_stays_for_machines_beside_a_closing() {
    let args = [
        "beside_another",
        "--fail-fast",
        "--test-threads=2",
        "--format=json",
        "-Zunstable-options",
    ];
    let output = with_fault("close waits", &args);
    assert_eq!(output.stderr, "setup\nopen\nclose\nbeside\nteardown\n");
    let is_json = |line: &str| line.starts_with('{');
    assert!(output.stdout.lines().all(is_json), "{}", output.stdout);
}

fn a_closing_that_hangs_ends_after_a_timeout() {
    let args = ["never_ends", "--timeout=100ms"];
    let output = run_with("opened_in_setup", &args, |command| {
        command.env(FAULT, "close hangs");
    });
    assert_eq!(output.stderr, "open\nsetup\nclose\n");
    assert!(
        output
            .stdout
            .contains("test result: FAILED. 0 passed; 1 failed")
    );
    assert_eq!(output.code, Some(101));
}

/// Sends Ctrl-C to a run once its test waits; returns what it prints on standard error after that, and
/// how it ended.
fn interrupted(fault: &str) -> (String, ExitStatus) {
    let mut command = child::command("sharing", &["waits_for_ever", "--nocapture"]);
    child::listen(&mut command);
    let mut child = command.env(FAULT, fault).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while line != "waiting\n" {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0);
    }
    child::interrupt(&child);
    let mut rest = String::new();
    stderr.read_to_string(&mut rest).unwrap();
    (rest, child.wait().unwrap())
}

fn ctrl_c_closes_too() {
    let (said, status) = interrupted("");
    assert_eq!(
        (said.as_str(), status.code()),
        ("close\nteardown\n", Some(130))
    );
}

fn ctrl_c_does_not_wait_for_ever() {
    let started = Instant::now();
    let (said, status) = interrupted("teardown hangs");
    assert_eq!(
        (said.as_str(), status.code()),
        ("close\nteardown\n", Some(130))
    );
    assert!(started.elapsed() < Duration::from_secs(30));
}

/// Sends Ctrl-C to a run and to its worker once the test there waits; returns what the run prints on standard error.
fn interrupted_with_worker(fault: &str) -> String {
    let fifo = scratch(&format!("{fault}-fifo"));
    let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let args = ["waits_for_ever", "--isolate"];
    let mut command = child::command("sharing", &args);
    child::listen(&mut command);
    child::lead_a_group(&mut command);
    command.env(FAULT, fault).env(FIFO, &fifo);
    let child = command.spawn().unwrap();
    assert_eq!(fs::read_to_string(&fifo).unwrap(), "waiting");
    child::interrupt_group(&child);
    let output = child.wait_with_output().unwrap();
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("waits_for_ever was running\n"), "{report}");
    assert_eq!(output.status.code(), Some(130));
    String::from_utf8(output.stderr).unwrap()
}

fn ctrl_c_waits_for_workers_to_tear_down() {
    assert_eq!(interrupted_with_worker(""), "");
    let said = interrupted_with_worker("teardown fails");
    let failed = "error: a worker process failed after its tests: got unexpected return code 101\n";
    assert!(said.starts_with(failed), "{said}");
    let error = "close\nteardown\nerror: teardown has failed\n";
    assert!(said.ends_with(error), "{said}");
}

fn ctrl_c_does_not_wait_for_workers_for_ever() {
    let started = Instant::now();
    let said = interrupted_with_worker("teardown hangs");
    let killed = "error: a worker process failed after its tests: it was killed, as it had not ended after 4s\n";
    assert!(said.starts_with(killed), "{said}");
    assert!(started.elapsed() < Duration::from_secs(30));
}

fn the_run_can_be_asked_for_while_workers_close() {
    let fifo = scratch("closing-fifo");
    let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let output = run_with("interrupted_while_closing", &["--isolate"], |command| {
        command.env(FIFO, &fifo);
    });
    assert!(output.stdout.contains("1 passed;"), "{}", output.stdout);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
}

fn a_failure_that_ends_the_run_lets_workers_tear_down() {
    let fifo = scratch("fail-fast-fifo");
    let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let args = [
        "waits_for",
        "--isolate",
        "--fail-fast",
        "--test-threads=2",
        "--nocapture",
    ];
    let output = run_with("sharing", &args, |command| {
        command.env(FIFO, &fifo);
    });
    assert_eq!(
        output.stderr.matches("teardown\n").count(),
        2,
        "{}",
        output.stderr
    );
    assert_eq!(output.code, Some(101));
}
