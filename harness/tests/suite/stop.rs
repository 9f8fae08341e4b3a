//! Tests, and runs, that are ended early.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ExitStatus, Stdio};

use crate::child::{self, ISOLATIONS, listen, run, run_with, section};
use crate::fixtures::interrupted_file;

crate::tests!(
    exit_zero_in_a_test_is_a_failure,
    a_future_that_takes_too_long_is_dropped,
    no_time_is_too_long_for_a_timeout,
    no_test_starts_after_so_many_failures
    ; unix:
    a_stack_overflow_is_told,
    a_test_that_takes_too_long_fails,
    a_test_that_was_given_up_prints_beside_the_report,
    half_a_line_of_a_test_that_blocks_is_shown_with_it,
    ctrl_c_shows_what_ran,
    ctrl_c_needs_no_descriptors,
    a_run_needs_one_descriptor,
    a_run_without_a_descriptor_fails,
    ctrl_c_does_not_write_to_files_of_tests,
    the_pipe_of_ctrl_c_stays_where_it_is,
    ctrl_c_that_comes_with_the_end_counts,
    ctrl_c_leaves_workers_to_their_parent,
    ctrl_c_ends_workers_that_cannot_end,
    workers_end_when_their_parent_is_killed,
    an_abort_shows_what_was_captured,
    a_worker_that_takes_too_long_is_killed,
);

fn a_test_that_takes_too_long_fails() {
    for threads in ["--test-threads=1", "--test-threads=4"] {
        let output = run("endless", &["--timeout", "300ms", threads]);
        for (name, printed, time) in [
            ("a_blocks", "before blocking\n", "300ms"),
            ("b_is_pending", "before waiting\n", "300ms"),
            ("c_has_less_time", "", "50ms"),
        ] {
            let expected = format!("{printed}note: test timed out after {time}\n");
            let shown = section(&output.stdout, name);
            assert!(
                format!("{shown}\n").starts_with(&expected),
                "{}",
                output.stdout
            );
        }
        assert!(
            output.stdout.contains("test d_passes ... ok\n"),
            "{}",
            output.stdout
        );
        assert!(
            output.stdout.contains("1 passed; 3 failed;"),
            "{}",
            output.stdout
        );
        assert_eq!(output.code, Some(101));
    }
}

fn half_a_line_of_a_test_that_blocks_is_shown_with_it() {
    let args = ["--timeout=300ms", "--test-threads=1", "--show-output"];
    let output = run("half_a_line_and_blocks", &args);
    let expected = "before blocking\nnote: test timed out after 300ms";
    assert_eq!(section(&output.stdout, "a_blocks"), expected);
    let later = "---- b_prints stdout ----\nlater\n";
    assert!(output.stdout.contains(later), "{}", output.stdout);
}

/// The test goes on, but not in the report.
fn a_test_that_was_given_up_prints_beside_the_report() {
    let args = ["--timeout=300ms", "--test-threads=1", "--format=json"];
    let output = run("endless_prints", &args);
    for line in output.stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event.is_object(), "{line}");
    }
    assert!(output.stdout.contains("\"passed\": 1, \"failed\": 1,"));
    assert!(
        output.stderr.starts_with("on and on\n"),
        "{}",
        output.stderr
    );
    assert_eq!(output.code, Some(101));
}

fn a_future_that_takes_too_long_is_dropped() {
    let args = [
        "--timeout=200ms",
        "--test-threads=1",
        "--include-ignored",
        "b_is_pending",
        "e_awaits_the_drop",
    ];
    let output = run("endless", &args);
    assert!(
        output.stdout.contains("test e_awaits_the_drop ... ok\n"),
        "{}",
        output.stdout
    );
}

fn a_worker_that_takes_too_long_is_killed() {
    let output = run(
        "endless",
        &["--isolate", "--timeout", "300ms", "--test-threads=2"],
    );
    for (name, printed) in [
        ("a_blocks", "before blocking\n"),
        ("b_is_pending", "before waiting\n"),
    ] {
        let expected = format!("{printed}note: test timed out after 300ms");
        assert!(
            section(&output.stdout, name).starts_with(&expected),
            "{}",
            output.stdout
        );
    }
    assert!(
        output.stdout.contains("1 passed; 3 failed;"),
        "{}",
        output.stdout
    );
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}

/// The clock does not go so far.
fn no_time_is_too_long_for_a_timeout() {
    for threads in ["--test-threads=1", "--test-threads=2"] {
        for isolation in ISOLATIONS {
            let args = [&["--timeout=1e19s", threads], isolation].concat();
            let output = run("passing", &args);
            assert!(output.stdout.contains("2 passed;"), "{}", output.stdout);
            assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
        }
    }
}

fn no_test_starts_after_so_many_failures() {
    for (args, failed) in [
        (&["--maxfail", "2", "--test-threads=1"][..], 2),
        (&["-x", "--test-threads=1"], 1),
        (&["--fail-fast", "--test-threads=1"], 1),
        (&["--maxfail=2", "--isolate", "--test-threads=1"], 2),
    ] {
        if !child::is_supported(args) {
            continue;
        }
        let output = run("mixed", args);
        assert!(
            output.stdout.contains(&format!("; {failed} failed;")),
            "{}",
            output.stdout
        );
        assert_eq!(output.code, Some(101));
    }
}

fn ctrl_c_shows_what_ran() {
    let args = ["--nocapture", "--test-threads=1"];
    let rest = interrupted("interrupted", &args, "ready\n");
    let expected = "\n\ninterrupted; 1 test had not started\ntest b_waits was running\n\nfailures:\n\nfailures:\n    a_fails\n\ntest result: INTERRUPTED. 0 passed; 1 failed; ";
    assert!(rest.starts_with(expected), "{rest}");
}

fn ctrl_c_leaves_workers_to_their_parent() {
    let args = ["--isolate", "--nocapture", "--test-threads=1"];
    let rest = interrupted("interrupted", &args, "ready\n");
    let expected =
        "\n\ninterrupted; 1 test had not started\ntest b_waits was running\n\nfailures:\n";
    assert!(rest.starts_with(expected), "{rest}");
    assert!(
        rest.contains("test result: INTERRUPTED. 0 passed; 1 failed; "),
        "{rest}"
    );
}

/// The worker has standard output open, and keeps whoever reads it waiting.
fn ctrl_c_ends_workers_that_cannot_end() {
    let args = ["--isolate", "--nocapture", "--test-threads=1"];
    let rest = interrupted("kept_runtime", &args, "ready\n");
    assert!(
        rest.contains("test result: INTERRUPTED. 1 passed; 0 failed; "),
        "{rest}"
    );
}

fn workers_end_when_their_parent_is_killed() {
    let args = ["--isolate", "--nocapture", "--test-threads=1"];
    let mut child = child::command("kept_runtime", &args).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.ends_with("ready\n") {
        assert!(stdout.read_line(&mut line).unwrap() > 0, "{line}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    stdout.read_to_string(&mut line).unwrap();
    assert!(line.ends_with("ready\n"), "{line}");
}

/// Interrupts a child that reports that.
pub(crate) fn interrupted(fixture: &str, args: &[&str], cue: &str) -> String {
    let (rest, status) = killed(fixture, args, cue);
    assert_eq!(status.code(), Some(130));
    rest
}

fn ctrl_c_does_not_write_to_files_of_tests() {
    let args = ["--nocapture", "--test-threads=1", "--timeout=10s"];
    let (rest, status) = killed("waits_with_other_descriptors", &args, "ready\n");
    assert!(child::is_ended_by_ctrl_c(status), "{status}: {rest}");
    assert_eq!(fs::read(interrupted_file()).unwrap(), b"");
}

/// A handler that is still at work when the run is over must not write to what takes its place.
fn the_pipe_of_ctrl_c_stays_where_it_is() {
    let output = run_with("pipes_after_a_run", &[], listen);
    assert_eq!(output.stderr, "2 of 2 pipes\n");
    assert_eq!(output.code, Some(0));
}

fn ctrl_c_needs_no_descriptors() {
    let args = ["--nocapture", "--test-threads=1"];
    let (_, status) = killed("waits_without_descriptors", &args, "ready\n");
    assert!(child::is_ended_by_ctrl_c(status), "{status}");
}

fn a_run_needs_one_descriptor() {
    let output = run("has_one_descriptor", &[]);
    assert!(output.stdout.contains("2 passed;"), "{}", output.stdout);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
}

fn a_run_without_a_descriptor_fails() {
    let output = run("has_no_descriptor", &[]);
    assert!(
        output.stderr.contains("Too many open files"),
        "{}",
        output.stderr
    );
    assert_eq!((output.stdout.as_str(), output.code), ("", Some(101)));
}

/// Sends Ctrl-C to a child, and to what it started, when it has printed `cue`. Returns what it
/// prints after that.
fn killed(fixture: &str, args: &[&str], cue: &str) -> (String, ExitStatus) {
    let mut child = listening(fixture, args);
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    kill_at_cue(&child, &mut stdout, cue);
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    (rest, child.wait().unwrap())
}

pub(crate) fn listening(fixture: &str, args: &[&str]) -> Child {
    let mut command = child::command(fixture, args);
    listen(&mut command);
    child::lead_a_group(&mut command);
    command.spawn().unwrap()
}

/// Sends Ctrl-C to a child, and to what it started, when it has printed `cue`.
pub(crate) fn kill_at_cue(child: &Child, printed: &mut impl BufRead, cue: &str) {
    let mut line = String::new();
    while !line.ends_with(cue) {
        assert!(printed.read_line(&mut line).unwrap() > 0, "{line}");
    }
    child::interrupt_group(child);
}

/// Whether the run is interrupted then or the process is at its end.
fn ctrl_c_that_comes_with_the_end_counts() {
    for _ in 0..50 {
        let mut command = child::command("ends_with_ctrl_c", &[]);
        listen(&mut command);
        let status = command.stdout(Stdio::null()).status().unwrap();
        assert!(
            status.code() == Some(130) || child::is_ended_by_ctrl_c(status),
            "{status}"
        );
    }
}

fn exit_zero_in_a_test_is_a_failure() {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return;
    }
    let output = run("crashing", &["c_exits", "--test-threads=1"]);
    let expected = "\nerror: the process ended with status 0 while tests were running: c_exits\n";
    assert_eq!((output.stderr.as_str(), output.code), (expected, Some(101)));
}

/// But for half a line, which std still has in its buffer.
fn an_abort_shows_what_was_captured() {
    let output = run("crashing", &["b_aborts"]);
    let expected = "\n---- b_aborts stdout ----\nb_aborts prints\n\n";
    assert_eq!((output.stderr.as_str(), output.code), (expected, None));
}

/// std tells of it from a handler that has a stack of its own, and then aborts.
fn a_stack_overflow_is_told() {
    let output = run("crashing", &["j_overflows"]);
    let shown = &output.stderr;
    assert!(shown.starts_with("\nthread 'j_overflows' "), "{shown}");
    assert!(shown.contains(" has overflowed its stack\n"), "{shown}");
    let captured = "\n---- j_overflows stdout ----\nj_overflows prints\n\n";
    assert!(shown.ends_with(captured), "{shown}");
    assert_eq!(output.code, None);
}
