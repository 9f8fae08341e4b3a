//! Tests that do to the harness what none should, and what comes of it.

use std::fs;

use crate::child::{ISOLATIONS, is_supported, listen, run, run_with, section};
use crate::files::scratch;
use crate::fixtures::{FILE, FIRST};

crate::tests!(
    a_payload_may_panic,
    exit_after_a_nested_run_is_a_failure,
    files_stay_where_they_were_asked_for,
    a_body_that_does_not_run_may_panic
    ; unix:
    a_hook_need_not_return,
    a_junit_file_that_cannot_be_written_is_named,
    kinds_do_not_mix_in_workers,
    no_worker_outlives_the_run,
    there_are_no_more_workers_than_tests,
    a_forked_child_may_exit,
    a_forked_child_may_abort,
    a_forked_child_may_come_back,
    a_forked_child_may_be_interrupted,
    a_test_may_close_what_it_does_not_own,
    the_report_is_not_written_to_files_of_tests,
    some_output_is_not_captured,
    tests_of_a_worker_share_its_process,
    a_test_without_output_says_why_it_fails,
    a_worker_gets_its_output_back,
);

fn kinds_do_not_mix_in_workers() {
    let output = run("kinds", &["--isolate", "--test-threads=1"]);
    for line in [
        "test [a] x ... ok\n",
        "test [a] y ... ok\n",
        "test [b] x ... FAILED\n",
    ] {
        assert!(output.stdout.contains(line), "{}", output.stdout);
    }
    assert_eq!(section(&output.stdout, "[b] x"), "Error: of kind b\n");
    assert_eq!(output.code, Some(101));
}

/// So many workers start that the first one is mostly through before the last one has started.
fn no_worker_outlives_the_run() {
    for _ in 0..3 {
        let output = run(
            "one_fails_many_block",
            &["-x", "--isolate", "--test-threads=24"],
        );
        assert!(
            output.stdout.contains("0 passed; 1 failed;"),
            "{}",
            output.stdout
        );
        assert_eq!(output.code, Some(101));
    }
}

fn a_payload_may_panic() {
    for threads in ["--test-threads=1", "--test-threads=3"] {
        let output = run("payloads", &[threads]);
        for name in ["a_panics", "b_panics"] {
            let line = format!("test {name} ... FAILED\n");
            assert!(output.stdout.contains(&line), "{}", output.stdout);
            let shown = section(&output.stdout, name);
            assert!(shown.contains("\ndropped\n"), "{shown}");
        }
        let counts = "1 passed; 2 failed;";
        assert!(output.stdout.contains(counts), "{}", output.stdout);
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
    }
}

fn there_are_no_more_workers_than_tests() {
    for threads in [usize::MAX.to_string(), "100000".to_owned()] {
        let output = run("passing", &["--isolate", "--test-threads", &threads]);
        assert!(output.stdout.contains("2 passed;"), "{}", output.stdout);
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
    }
}

fn a_forked_child_may_exit() {
    let output = run("forks", &["a_child_exits"]);
    assert!(output.stdout.contains("1 passed;"), "{}", output.stdout);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
}

fn a_forked_child_may_abort() {
    let output = run("forks", &["b_child_aborts"]);
    assert!(output.stdout.contains("1 passed;"), "{}", output.stdout);
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
}

fn a_forked_child_may_come_back() {
    for isolation in ISOLATIONS {
        let args = [
            "--test-threads=1",
            "--timeout=30s",
            "c_child_comes_back",
            "d_comes_later",
        ];
        let output = run("forks", &[&args, isolation].concat());
        let expected = "\nrunning 2 tests\ntest c_child_comes_back ... ok\ntest d_comes_later ... ok\n\ntest result: ok. ";
        assert!(output.stdout.starts_with(expected), "{}", output.stdout);
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
    }
}

/// Ctrl-C of a child is not the run's.
fn a_forked_child_may_be_interrupted() {
    for isolation in ISOLATIONS {
        let args = [&["e_child_is_interrupted"], isolation].concat();
        let output = run_with("forks", &args, listen);
        assert!(output.stdout.contains("1 passed;"), "{}", output.stdout);
        assert_eq!((output.stderr.as_str(), output.code), ("", Some(0)));
    }
}

fn exit_after_a_nested_run_is_a_failure() {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return;
    }
    let output = run("nested", &[]);
    let message = "ended with status 0 while tests were running: runs_others\n";
    assert!(output.stderr.ends_with(message), "{}", output.stderr);
    assert_eq!(output.code, Some(101));
}

fn files_stay_where_they_were_asked_for() {
    let folder = scratch("hostile-moves");
    fs::create_dir_all(&folder).unwrap();
    let output = run_with("moves", &["--junit", "report.xml"], |command| {
        command
            .current_dir(&folder)
            .env("LIBTEST_ASYNC_STATE_DIR", ".");
    });
    assert!(output.stdout.contains("1 failed;"), "{}", output.stdout);
    let files = |path| fs::read_dir(path).unwrap().count();
    assert_eq!(files(folder.join("elsewhere")), 0);
    // The report, the record, and the folder itself.
    assert_eq!(files(folder.clone()), 3);
    assert!(folder.join("report.xml").exists());
}

fn a_body_that_does_not_run_may_panic() {
    for (args, counts) in [
        (&["--test-threads=1"][..], "4 passed; 1 failed; 2 ignored;"),
        (
            &["-x", "--test-threads=1"],
            "2 passed; 1 failed; 2 ignored;",
        ),
        (&["--isolate"], "4 passed; 1 failed; 2 ignored;"),
        (&["e_fails"], "0 passed; 1 failed; 0 ignored;"),
        (&["--isolate", "e_fails"], "0 passed; 1 failed; 0 ignored;"),
    ] {
        if !is_supported(args) {
            continue;
        }
        let output = run("bodies", args);
        assert!(output.stdout.contains(counts), "{args:?} {}", output.stdout);
        assert!(output.stderr.contains("\ndropped\n"), "{}", output.stderr);
        assert_eq!(output.code, Some(101));
    }
}

fn a_junit_file_that_cannot_be_written_is_named() {
    let output = run("passing", &["--junit", "/dev/null/report.xml"]);
    let expected = "error: cannot write the file of --junit, /dev/null/report.xml: ";
    assert!(output.stderr.starts_with(expected), "{}", output.stderr);
    let result = "\ntest result: ok. 2 passed;";
    assert!(output.stdout.contains(result), "{}", output.stdout);
    assert_eq!(output.code, Some(101));
}

fn a_test_may_close_what_it_does_not_own() {
    let log = scratch("hostile-closed.log");
    let logfile = ["--logfile", log.to_str().unwrap()];
    let args = ["--test-threads=1", "a_closes_all", "b_passes"];
    let output = run("descriptors", &[&args[..], &logfile].concat());
    assert!(output.stdout.contains("\ntest result: ok. 2 passed;"));
    let warning = "warning: `--logfile` is deprecated";
    assert_eq!((output.stderr.as_str(), output.code), (warning, Some(0)));
    let lines = fs::read_to_string(log).unwrap();
    assert_eq!(lines, "ok a_closes_all\nok b_passes\n");
}

fn the_report_is_not_written_to_files_of_tests() {
    let path = scratch("hostile-file-of-a-test");
    let taken = "error: a test has closed or replaced the file that the report goes to\n";
    let started = "\nrunning 2 tests\ntest a_takes_all ... ";
    let event = "{ \"type\": \"test\", \"event\": \"started\", \"name\": \"a_takes_all\" }\n";
    for (first, format, report, stderr, code) in [
        ("", "pretty", "\ntest result: ok. 2 passed;", "", 0),
        ("1", "pretty", started, taken, 101),
        // Descriptor 1 is not the report's.
        ("", "json", event, taken, 101),
    ] {
        let args = ["--test-threads=1", "--format", format];
        let output = run_with("takes_descriptors", &args, |command| {
            command.env(FILE, &path).env(FIRST, first);
        });
        assert!(output.stdout.contains(report), "{}", output.stdout);
        let end = (output.stderr.as_str(), output.code);
        assert_eq!(end, (stderr, Some(code)));
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }
}

fn a_hook_need_not_return() {
    let output = run("stuck_in_hook", &["--timeout", "100ms"]);
    let shown = section(&output.stdout, "panics");
    assert_eq!(shown, "note: test timed out after 100ms");
    assert_eq!(output.code, Some(101));
}

fn a_test_without_output_says_why_it_fails() {
    let output = run("fails_without_output", &["--isolate", "--test-threads=1"]);
    for (name, printed, reason) in [
        ("a_closes", "a prints\n", "Error: a fails\n"),
        ("b_closes", "b prints\n", "b panics\n"),
        ("c_redirects", "c prints\n", "Error: c fails\n"),
        ("d_closes", "d prints\n", "d panics\n"),
        (
            "e_redirects",
            "e prints\n\nthread 'e_redirects' ",
            "e panics\n",
        ),
        ("f_redirects", "f prints\n\nthread 'of_f' ", "f panics\n"),
    ] {
        let shown = section(&output.stdout, name);
        assert!(shown.starts_with(printed), "{name}: {shown}");
        assert_eq!(shown.matches(reason).count(), 1, "{name}: {shown}");
    }
    assert_eq!((output.stderr.as_str(), output.code), ("", Some(101)));
}

fn a_worker_gets_its_output_back() {
    let output = run("takes_output_away", &["--isolate", "--test-threads=1"]);
    for (name, letter) in [("b_prints", 'b'), ("d_prints", 'd')] {
        assert_eq!(
            section(&output.stdout, name),
            format!("{letter} prints\n{letter} complains\nError: {letter} fails\n")
        );
    }
    assert_eq!(output.code, Some(101));
}

/// As the README says.
fn some_output_is_not_captured() {
    let output = run("unseen", &["--test-threads=1"]);
    let shown = |name| section(&output.stdout, name);
    assert_eq!(shown("a_redirects"), "from a\nError: 0 bytes in the file\n");
    assert_eq!(shown("b_forks"), "Error: nothing seen\n");
    assert!(
        !output.stdout.contains("from the child"),
        "{}",
        output.stdout
    );
    assert_eq!(shown("c_leaves_a_thread"), "Error: nothing seen\n");
    let line = "test d_waits_for_it ... ok\n";
    assert!(output.stdout.contains(line), "{}", output.stdout);
    let late = "from the thread\n";
    assert_eq!((output.stderr.as_str(), output.code), (late, Some(101)));
}

/// As the README says.
fn tests_of_a_worker_share_its_process() {
    let output = run("shared", &["--isolate", "--test-threads=1"]);
    assert_eq!(section(&output.stdout, "b_looks"), "Error: / by a\n");
}
