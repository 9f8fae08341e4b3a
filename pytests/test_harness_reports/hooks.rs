//! Set-up, tear-down, and values that tests share between them.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::commands::{limited, with_default_sigint};
use crate::report::{BY_ATTRIBUTE, BY_HAND};
use crate::rerun::{Run, SUBJECT, command};

crate::by_hand::tests!(
    an_error_of_setup_keeps_the_tests_from_running,
    a_failed_setup_leaves_no_report_of_another_run,
    a_panic_of_setup_keeps_the_tests_from_running,
    an_error_of_teardown_fails_the_run,
    exit_zero_at_the_end_hides_no_failure,
    tests_share_one_value,
    what_the_teardown_asks_for_is_closed,
    failures_do_not_keep_the_teardown_from_running,
    a_test_that_is_given_up_does_not_either,
    a_teardown_that_hangs_then_ends,
    ctrl_c_does_not_either,
    a_failure_that_ends_the_run_does_not_either,
    a_panic_of_the_harness_does_not_either,
    ctrl_c_ends_the_setup,
    ctrl_c_lets_the_teardown_end,
    ctrl_c_limits_the_teardown,
    another_ctrl_c_ends_the_teardown,
    nothing_is_called_where_no_test_runs,
    each_worker_calls_them,
    an_error_of_setup_in_a_worker_ends_the_run,
    a_setup_that_hangs_in_a_worker_ends_with_the_parent,
    ctrl_c_waits_for_the_teardown_of_a_worker,
    a_teardown_of_a_worker_that_hangs_then_ends,
    a_failed_opening_fails_each_test_that_asks,
    a_panic_of_an_opening_is_an_exception,
    an_error_of_closing_fails_the_run,
    a_value_is_not_waited_for_on_the_thread_of_a_loop,
);

/// The lines that the subject prints when all goes well.
const ALL: &str = "setup\nopen\nclose\nteardown\n";

fn what_the_teardown_asks_for_is_closed() {
    let run = with_fault("teardown asks", "subject::ends::passes");
    assert_eq!(run.status, Some(0), "{run:#?}");
    assert_eq!(run.stderr, "setup\nteardown\nopen\nclose\n");
}

/// Runs the subject, which says what it does, where something fails.
fn with_fault(fault: &str, arguments: &str) -> Run {
    Run::of(subject(fault, arguments).output().unwrap())
}

fn subject(fault: &str, arguments: &str) -> std::process::Command {
    limited(&unlimited_subject(fault, arguments))
}

/// `timeout` passes signals on that the whole group has had.
fn unlimited_subject(fault: &str, arguments: &str) -> std::process::Command {
    let mut command = command(arguments);
    command
        .env("PYO3_AIO_TEST_SAY", "1")
        .env("PYO3_AIO_TEST_FAIL", fault);
    command
}

fn an_error_of_setup_keeps_the_tests_from_running() {
    let run = with_fault("setup", "shared::asks");
    assert_eq!(run.status, Some(101), "{run:#?}");
    assert_eq!(run.stdout, "");
    let trace = "error: Traceback (most recent call last):\n";
    assert!(run.stderr.starts_with(trace), "{run:#?}");
    let end = "ValueError: from setup\n";
    assert!(run.stderr.ends_with(end), "{run:#?}");
}

fn a_failed_setup_leaves_no_report_of_another_run() {
    let file = std::env::temp_dir().join(format!("setup-{}.xml", std::process::id()));
    std::fs::write(&file, "of another run").unwrap();
    let run = with_fault("setup", &format!("shared::asks --junit {}", file.display()));
    assert_eq!(run.status, Some(101), "{run:#?}");
    assert!(!file.exists());
}

fn a_panic_of_setup_keeps_the_tests_from_running() {
    let run = with_fault("setup panics", "shared::asks");
    assert_eq!(run.status, Some(101), "{run:#?}");
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("subject/shared.rs:"), "{run:#?}");
    run.assert_lacks("teardown");
}

fn an_error_of_teardown_fails_the_run() {
    let run = with_fault("teardown", "shared::asks");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("test result: ok. 1 passed;");
    let end = "ValueError: from teardown\n";
    assert!(run.stderr.ends_with(end), "{run:#?}");
}

fn exit_zero_at_the_end_hides_no_failure() {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return;
    }
    let end =
        "\nerror: the process ended with status 0 though its tests had failed, or were cut off\n";
    let arguments = "--exact subject::ends::fails subject::shared::asks";
    for fault in ["teardown exits with 0", "close exits with 0"] {
        for main in ["1", BY_HAND] {
            // A main function of one's own has no tear-down.
            let is_called = main != BY_HAND || fault.starts_with("close");
            let run = Run::of(
                subject(fault, arguments)
                    .env(SUBJECT, main)
                    .output()
                    .unwrap(),
            );
            assert_eq!(run.status, Some(101), "{run:#?}");
            assert_eq!(run.stderr.ends_with(end), is_called, "{run:#?}");
        }
    }
    // On the loop of the main function, which it ends.
    let arguments = "endings::l --test-threads 1";
    let mut command = subject("", arguments);
    let run = Run::of(command.env(SUBJECT, BY_ATTRIBUTE).output().unwrap());
    assert!(run.stderr.ends_with(end), "{run:#?}");
    assert_eq!(run.status, Some(101), "{run:#?}");
    let run = with_fault("teardown exits with 0", "shared::asks");
    assert_eq!(
        (run.stderr.as_str(), run.status),
        (ALL, Some(0)),
        "{run:#?}"
    );
}

fn tests_share_one_value() {
    for arguments in [
        "shared --skip waits",
        "shared --skip waits --test-threads 1",
    ] {
        let run = with_fault("", arguments);
        assert_eq!(
            (run.stderr.as_str(), run.status),
            (ALL, Some(0)),
            "{run:#?}"
        );
    }
}

fn failures_do_not_keep_the_teardown_from_running() {
    let run = with_fault("", "--exact subject::ends::fails subject::shared::asks");
    assert_eq!(
        (run.stderr.as_str(), run.status),
        (ALL, Some(101)),
        "{run:#?}"
    );
}

fn a_test_that_is_given_up_does_not_either() {
    let arguments = "keeps_standard_output shared::blocks --test-threads 1";
    let run = with_fault("", arguments);
    assert_eq!(
        (run.stderr.as_str(), run.status),
        (ALL, Some(101)),
        "{run:#?}"
    );
}

fn a_teardown_that_hangs_then_ends() {
    let run = with_fault("teardown hangs", "keeps_standard_output");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("test result: FAILED. 0 passed; 1 failed;");
    assert!(run.stderr.contains("teardown\nerror: "), "{run:#?}");
}

fn ctrl_c_does_not_either() {
    if !cfg!(unix) {
        return;
    }
    // `timeout` sends the signal to its child and to its whole group, and the second one would cut the tear-down off.
    let subject = unlimited_subject("", "shared::waits_for_ever --nocapture");
    let mut child = with_default_sigint(&subject)
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
    assert!(rest.contains("waits_for_ever was running\n"), "{rest}");
    assert_eq!(stderr, ALL);
}

/// The other tests are ended first.
fn a_failure_that_ends_the_run_does_not_either() {
    let arguments = "shared::waits_beside shared::waits_and --fail-fast --test-threads 2";
    let run = with_fault("", arguments);
    let expected = "setup\nopen\ndropped\nclose\nteardown\n";
    assert_eq!(
        (run.stderr.as_str(), run.status),
        (expected, Some(101)),
        "{run:#?}"
    );
    let mut command = subject("", arguments);
    command.env(SUBJECT, BY_HAND);
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.stderr, "open\ndropped\nclose\n", "{run:#?}");
    assert_eq!(run.status, Some(101), "{run:#?}");
}

fn a_panic_of_the_harness_does_not_either() {
    let mut command = subject("", "shared::asks");
    command.env("RUST_TEST_THREADS", "many");
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.status, Some(101), "{run:#?}");
    assert!(run.stderr.starts_with("setup\n"), "{run:#?}");
    assert!(
        run.stderr.contains("RUST_TEST_THREADS is `many`"),
        "{run:#?}"
    );
    assert!(run.stderr.ends_with("teardown\n"), "{run:#?}");
}

/// Ctrl-C during the set-up cancels the task that the set-up awaits.
#[cfg(unix)]
fn ctrl_c_ends_the_setup() {
    let run = with_fault("setup is interrupted and waits", "shared::asks");
    let expected = "setup\nsetup is cancelled\n";
    assert_eq!(
        (run.stderr.as_str(), run.status),
        (expected, Some(130)),
        "{run:#?}"
    );
    assert_eq!(run.stdout, "");
}

#[cfg(unix)]
fn ctrl_c_lets_the_teardown_end() {
    let run = with_fault("teardown is interrupted and ends", "shared::asks");
    let expected = format!("{ALL}teardown ends\n");
    assert_eq!(
        (run.stderr.as_str(), run.status),
        (expected.as_str(), Some(130)),
        "{run:#?}"
    );
    run.assert_contains("test result: ok. 1 passed;");
}

#[cfg(unix)]
fn ctrl_c_limits_the_teardown() {
    let run = with_fault("teardown is interrupted and waits", "shared::asks");
    assert_eq!(run.status, Some(130), "{run:#?}");
    let expected = format!("{ALL}error: a test, the set-up or the tear-down keeps Python, ");
    assert!(run.stderr.starts_with(&expected), "{run:#?}");
}

#[cfg(unix)]
fn another_ctrl_c_ends_the_teardown() {
    let fault = "teardown is interrupted and interrupted again";
    let run = with_fault(fault, "shared::asks");
    assert_eq!(run.status, Some(130), "{run:#?}");
    let expected = format!("{ALL}error: the end of the run was cut off: KeyboardInterrupt");
    assert!(run.stderr.starts_with(&expected), "{run:#?}");
}

#[cfg(not(unix))]
fn ctrl_c_ends_the_setup() {}

#[cfg(not(unix))]
fn ctrl_c_lets_the_teardown_end() {}

#[cfg(not(unix))]
fn ctrl_c_limits_the_teardown() {}

#[cfg(not(unix))]
fn another_ctrl_c_ends_the_teardown() {}

fn nothing_is_called_where_no_test_runs() {
    for arguments in [
        "--list",
        "--exact subject::ends::ignored",
        "nothing_has_this",
    ] {
        let run = with_fault("setup", arguments);
        assert_eq!((run.stderr.as_str(), run.status), ("", Some(0)), "{run:#?}");
    }
}

fn each_worker_calls_them() {
    if !cfg!(unix) {
        return;
    }
    let arguments = "--isolate --nocapture --test-threads 1 shared --skip waits";
    let run = with_fault("", arguments);
    assert_eq!(
        (run.stderr.as_str(), run.status),
        (ALL, Some(0)),
        "{run:#?}"
    );
    let run = with_fault("teardown", "--isolate shared::asks");
    assert_eq!(run.status, Some(101), "{run:#?}");
    let end = "ValueError: from teardown\n";
    assert!(run.stderr.ends_with(end), "{run:#?}");
}

fn an_error_of_setup_in_a_worker_ends_the_run() {
    if !cfg!(unix) {
        return;
    }
    let run = with_fault("setup", "--isolate shared::asks shared::blocks");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("\ntest result: FAILED. 0 passed; 0 failed;");
    let trace = "error: Traceback (most recent call last):\n";
    assert!(run.stderr.starts_with(trace), "{run:#?}");
    let errors = run.stderr.matches("ValueError: from setup\n");
    assert_eq!(errors.count(), 1, "{run:#?}");
}

/// The worker has the pipe open, and keeps whoever reads it waiting.
fn a_setup_that_hangs_in_a_worker_ends_with_the_parent() {
    if !cfg!(unix) {
        return;
    }
    let mut child = unlimited_subject("setup hangs", "--isolate --nocapture shared::asks")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert_eq!(line, "setup\n");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(stderr.read_line(&mut line).unwrap(), 0, "{line}");
}

/// Sends Ctrl-C to a run and to its worker once the test there waits.
#[cfg(unix)]
fn interrupted_with_worker(fault: &str) -> Run {
    use std::os::unix::process::CommandExt;

    let fifo = std::env::temp_dir().join(format!("{fault}-{}.fifo", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let subject = unlimited_subject(fault, "shared::waits_for_ever --isolate");
    let child = with_default_sigint(&subject)
        .env("PYO3_AIO_TEST_FIFO", &fifo)
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(std::fs::read_to_string(&fifo).unwrap(), "waiting");
    std::fs::remove_file(&fifo).unwrap();
    crate::settings::interrupt(&format!("-{}", child.id()));
    let run = Run::of(child.wait_with_output().unwrap());
    run.assert_contains("waits_for_ever was running\n");
    assert_eq!(run.status, Some(130), "{run:#?}");
    run
}

#[cfg(unix)]
fn ctrl_c_waits_for_the_teardown_of_a_worker() {
    let run = interrupted_with_worker("");
    assert_eq!(run.stderr, "", "{run:#?}");
    let run = interrupted_with_worker("teardown");
    let start = "error: a worker process failed after its tests: got unexpected return code 101\n";
    assert!(run.stderr.starts_with(start), "{run:#?}");
    let end = "ValueError: from teardown\n";
    assert!(run.stderr.ends_with(end), "{run:#?}");
}

#[cfg(unix)]
fn a_teardown_of_a_worker_that_hangs_then_ends() {
    let run = interrupted_with_worker("teardown hangs");
    let start = "error: a worker process failed after its tests: ";
    assert!(run.stderr.starts_with(start), "{run:#?}");
    assert!(run.stderr.contains("teardown\n"), "{run:#?}");
}

#[cfg(not(unix))]
fn ctrl_c_waits_for_the_teardown_of_a_worker() {}

#[cfg(not(unix))]
fn a_teardown_of_a_worker_that_hangs_then_ends() {}

fn a_failed_opening_fails_each_test_that_asks() {
    let run = with_fault("open", "shared::asks shared::blocks");
    assert_eq!(run.status, Some(101), "{run:#?}");
    for test in ["asks", "blocks"] {
        let shown = run.captured(&format!("subject::shared::{test}"));
        let trace = "Error: Traceback (most recent call last):\n";
        assert!(shown.starts_with(trace), "{run:#?}");
        assert!(shown.contains("ValueError: from open\n"), "{run:#?}");
    }
    assert_eq!(run.stderr, "setup\nteardown\n");
}

fn a_panic_of_an_opening_is_an_exception() {
    let run = with_fault("open panics", "shared::asks");
    assert_eq!(run.status, Some(101), "{run:#?}");
    let shown = run.captured("subject::shared::asks");
    assert!(shown.contains("RustPanic: opening panicked: "), "{run:#?}");
    assert!(run.stderr.ends_with("teardown\n"), "{run:#?}");
}

fn an_error_of_closing_fails_the_run() {
    let run = with_fault("close", "shared::asks");
    assert_eq!(run.status, Some(101), "{run:#?}");
    run.assert_contains("test result: ok. 1 passed;");
    let end = "ValueError: from close\nteardown\n";
    assert!(run.stderr.ends_with(end), "{run:#?}");
}

fn a_value_is_not_waited_for_on_the_thread_of_a_loop() {
    let run = with_fault("", "would_block_the_loop");
    let expected = "setup\nteardown\n";
    assert_eq!(
        (run.stderr.as_str(), run.status),
        (expected, Some(0)),
        "{run:#?}"
    );
}
