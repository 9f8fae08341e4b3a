//! Tests that keep what others need.

use crate::child::{Output, run, section};

crate::tests!(; unix:
    who_does_not_print_needs_no_lock,
    a_test_that_has_returned_is_reported_without_the_lock,
    a_worker_reports_a_test_that_has_returned_without_the_lock,
    a_panic_does_not_wait_for_the_lock,
    a_run_that_waits_for_the_lock_is_given_up,
    without_capture_the_run_ends_all_the_same,
    a_later_run_does_not_wait_for_the_lock,
    standard_error_is_not_needed_either,
    the_process_ends_though_its_main_task_cannot,
);

const THREADS: [&str; 2] = ["--test-threads=1", "--test-threads=4"];

fn assert_lines(output: &Output, lines: &[&str]) {
    for line in lines {
        let line = format!("test {line}\n");
        assert!(output.stdout.contains(&line), "{line}{}", output.stdout);
    }
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}

fn a_panic_does_not_wait_for_the_lock() {
    let output = run("locked_stdout_and_another", &["--test-threads=2"]);
    assert_lines(&output, &["a_prints ... ok", "b_panics ... FAILED"]);
    assert!(section(&output.stdout, "b_panics").contains("aloud\n"));
}

fn who_does_not_print_needs_no_lock() {
    for threads in THREADS {
        let output = run("locked_stdout", &["--timeout=300ms", threads]);
        assert_lines(
            &output,
            &["b_passes ... ok", "d_fails ... FAILED", "f_passes ... ok"],
        );
        let shown = |name| section(&output.stdout, name);
        let too_late = "note: test timed out after 300ms";
        assert_eq!(shown("a_keeps_stdout"), format!("locked\n{too_late}"));
        // Other than that, it cannot be.
        assert_eq!(shown("c_prints"), too_late);
        assert_eq!(shown("d_fails"), "Error: quietly\n");
        assert!(shown("e_panics").contains("aloud\n"), "{}", output.stdout);
    }
}

/// No test has a time limit.
fn a_test_that_has_returned_is_reported_without_the_lock() {
    for threads in THREADS {
        for reuse in [&[][..], &["--reuse-threads"]] {
            let args = [&[threads, "--show-output"], reuse].concat();
            let output = run("left_locked", &args);
            assert_lines(
                &output,
                &[
                    "a_leaves_a_thread ... ok",
                    "b_fails ... FAILED",
                    "c_passes ... ok",
                ],
            );
            let shown = section(&output.stdout, "a_leaves_a_thread");
            assert_eq!(shown, "printed\n");
        }
    }
}

/// The tests after it run in another process.
fn a_worker_reports_a_test_that_has_returned_without_the_lock() {
    for threads in THREADS {
        let output = run("left_locked", &["--isolate", "--show-output", threads]);
        assert_lines(
            &output,
            &[
                "a_leaves_a_thread ... ok",
                "b_fails ... FAILED",
                "c_passes ... ok",
            ],
        );
        let shown = section(&output.stdout, "a_leaves_a_thread");
        assert_eq!(shown, "printed\n");
    }
}

/// Then half lines are in std's buffer, and a test that ends before the lock is found to be kept
/// waits for it.
fn without_capture_the_run_ends_all_the_same() {
    let args = ["--timeout=300ms", "--nocapture", "--test-threads=1"];
    let output = run("locked_stdout", &args);
    for line in ["test b_passes ... ok\n", "test f_passes ... ok\n"] {
        assert!(output.stdout.contains(line), "{}", output.stdout);
    }
    let counts = "2 passed; 4 failed;";
    assert!(output.stdout.contains(counts), "{}", output.stdout);
    assert_eq!(output.code, Some(101));
    let args = ["--timeout=300ms", "--nocapture", "--test-threads=4"];
    let output = run("locked_stdout", &args);
    assert!(output.stdout.contains("test result: FAILED. "));
    assert_eq!(output.code, Some(101));
}

fn a_later_run_does_not_wait_for_the_lock() {
    for capture in [&[][..], &["--nocapture"]] {
        let args = ["--timeout=300ms", "--test-threads=1"];
        let output = run("locked_stdout_in_first_run", &[&args, capture].concat());
        let report = "\nrunning 1 test\ntest later ... ok\n";
        assert!(output.stdout.contains(report), "{}", output.stdout);
        assert_eq!(output.code, Some(0));
    }
}

fn standard_error_is_not_needed_either() {
    for threads in THREADS {
        for capture in [&[][..], &["--nocapture"]] {
            let args = ["--timeout=300ms", threads];
            let output = run("locked_stderr", &[&args, capture].concat());
            let counts = "1 passed; 3 failed;";
            assert!(output.stdout.contains(counts), "{}", output.stdout);
            let all = output.stdout + &output.stderr;
            assert!(all.contains("Error: quietly\n"), "{all}");
            assert_eq!(output.code, Some(101));
        }
    }
}

fn the_process_ends_though_its_main_task_cannot() {
    let output = run("kept_runtime", &["--timeout=300ms", "--test-threads=1"]);
    let counts = "1 passed; 1 failed;";
    assert!(output.stdout.contains(counts), "{}", output.stdout);
    let message =
        "error: a test that has not ended keeps the thread that awaits the end of the run\n";
    assert_eq!((output.stderr.as_str(), output.code), (message, Some(101)));
}

fn a_run_that_waits_for_the_lock_is_given_up() {
    let output = run("stalled", &["--test-threads=2"]);
    let counts = "1 passed; 2 failed;";
    assert!(output.stdout.contains(counts), "{}", output.stdout);
    let reason = "note: no test has ended for 5s, and a_keeps_stdout, which timed out, keeps the lock of standard output or standard error";
    assert_eq!(section(&output.stdout, "b_prints"), reason);
    assert_eq!(output.code, Some(101));
}
